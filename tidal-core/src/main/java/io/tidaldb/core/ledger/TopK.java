package io.tidaldb.core.ledger;

import io.tidaldb.api.TidalException;
import java.util.Arrays;

/**
 * Selects the best k of many entities: by descending score, then by ascending unsigned id, so that the answer does not depend on the order
 * in which they come. Each entity is to be offered once; {@link LedgerSum} sums those that lie in several ledgers.
 *
 * <p>A heap in two arrays whose root is the worst that is still in. Memory grows with what is offered, not with k. Confined to its caller.
 */
public final class TopK implements ScoreVisitor {

    private static final int INITIAL = 16;

    private final int k;
    private long[] entities;
    private double[] scores;
    private int size;
    private boolean ranked;

    /** Creates an empty selection of at most k, which is not negative. */
    public TopK(int k) {
        if (k < 0) {
            throw TidalException.invalid("top needs a number of entities that is not negative, got " + k + ".");
        }
        this.k = k;
        entities = new long[Math.min(k, INITIAL)];
        scores = new double[entities.length];
    }

    @Override
    public void visit(long entity, double score) {
        offer(entity, score);
    }

    @Override
    public double least() {
        // One that is as good as the worst may have the lower id.
        return size < k ? Double.NEGATIVE_INFINITY : k == 0 ? Double.POSITIVE_INFINITY : scores[0];
    }

    /** Takes an entity in if it is among the best so far; returns whether it is. */
    public boolean offer(long entity, double score) {
        if (ranked) {
            throw new IllegalStateException("The selection has been ranked.");
        }
        if (size < k) {
            if (size == entities.length) {
                int grown = (int) Math.min(k, 2L * size);
                entities = Arrays.copyOf(entities, grown);
                scores = Arrays.copyOf(scores, grown);
            }
            siftUp(size++, entity, score);
            return true;
        }
        if (k == 0 || !better(entity, score, entities[0], scores[0])) {
            return false;
        }
        siftDown(0, size, entity, score);
        return true;
    }

    /** Sorts the selection, best first, and ends it. */
    public TopK rank() {
        for (int end = ranked ? 0 : size - 1; end > 0; end--) {
            long entity = entities[end];
            double score = scores[end];
            put(end, entities[0], scores[0]);
            siftDown(0, end, entity, score);
        }
        ranked = true;
        return this;
    }

    /** Returns how many are in. */
    public int size() {
        return size;
    }

    /** Returns the entity at a rank, 0 being the best. Only after {@link #rank}. */
    public long entity(int rank) {
        return entities[checkRank(rank)];
    }

    /** Returns the score at a rank, 0 being the best. Only after {@link #rank}. */
    public double score(int rank) {
        return scores[checkRank(rank)];
    }

    private int checkRank(int rank) {
        if (!ranked || rank < 0 || rank >= size) {
            throw new IllegalStateException("No rank " + rank + " of " + size + (ranked ? "." : ", not ranked yet."));
        }
        return rank;
    }

    private static boolean better(long entity, double score, long thanEntity, double thanScore) {
        return score > thanScore || score == thanScore && Long.compareUnsigned(entity, thanEntity) < 0;
    }

    private void siftUp(int from, long entity, double score) {
        int at = from;
        while (at > 0) {
            int parent = (at - 1) >>> 1;
            if (!better(entities[parent], scores[parent], entity, score)) {
                break;
            }
            put(at, entities[parent], scores[parent]);
            at = parent;
        }
        put(at, entity, score);
    }

    private void siftDown(int from, int end, long entity, double score) {
        int at = from;
        for (int child = 2 * at + 1; child < end; child = 2 * at + 1) {
            if (child + 1 < end && better(entities[child], scores[child], entities[child + 1], scores[child + 1])) {
                child++;
            }
            if (!better(entity, score, entities[child], scores[child])) {
                break;
            }
            put(at, entities[child], scores[child]);
            at = child;
        }
        put(at, entity, score);
    }

    private void put(int at, long entity, double score) {
        entities[at] = entity;
        scores[at] = score;
    }
}
