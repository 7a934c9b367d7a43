package io.tidaldb.core.ingest;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Batches of one origin's log that came from another replica, in order: appended in the tenant's turn, as its writes are. */
public final class ReceivedBatches extends LoopItem {

    final TenantShard shard;
    final List<WalBatch> batches;

    /** Whether they are left in the log until the state comes that they come to. */
    final boolean unfolded;

    /** Whether they may wait for a commit that is made anyway: a part of a copy, which nobody waits for. */
    final boolean patient;

    private final Consumer<Result> answer;
    private final int bytes;

    // Loop-confined: why not all of them went in.
    @Nullable
    TidalException problem;

    /**
     * How far the log goes now, durably, whether anything of it is new or not; nothing is known of it if the problem is neither WAL_GAP nor
     * CORRUPT_DATA nor STORAGE_FULL.
     *
     * @param chain the log's chain after {@code lastSeqno}
     * @param problem why some of the batches did not go in: WAL_GAP if some before them are missing, CORRUPT_DATA if they do not continue
     *     what is there, or what the store says; null if all are there
     */
    public record Result(
            long lastSeqno, long chain, @Nullable TidalException problem) {}

    /**
     * Takes batches over.
     *
     * @param batches at least one, all of one origin
     * @param answer called by the loop, exactly once; must not block
     */
    public ReceivedBatches(TenantShard shard, List<WalBatch> batches, Consumer<Result> answer) {
        this(shard, batches, false, false, answer);
    }

    private ReceivedBatches(
            TenantShard shard, List<WalBatch> batches, boolean unfolded, boolean patient, Consumer<Result> answer) {
        this.shard = shard;
        this.unfolded = unfolded;
        this.patient = patient;
        this.batches = List.copyOf(batches);
        this.answer = answer;
        this.bytes = batches.stream().mapToInt(WalBatch::length).sum();
    }

    /** As the constructor, of batches that let writes to the node go first: they share a commit of such a write, or wait a moment for one. */
    public static ReceivedBatches patient(TenantShard shard, List<WalBatch> batches, Consumer<Result> answer) {
        return new ReceivedBatches(shard, batches, false, true, answer);
    }

    /**
     * As {@link #patient}, of batches that are not folded if they are new, nor is what comes after them, before the slot has got a snapshot or
     * {@link Node#foldOn} was asked for.
     */
    public static ReceivedBatches unfolded(TenantShard shard, List<WalBatch> batches, Consumer<Result> answer) {
        return new ReceivedBatches(shard, batches, true, true, answer);
    }

    @Override
    Flow flow() {
        return shard.flow();
    }

    @Override
    int cost() {
        return bytes;
    }

    /** Answers with what the log holds now. */
    void answer() {
        OriginLedger origin = shard.origins.get(batches.get(0).origin());
        answer.accept(
                origin == null
                        ? new Result(batches.get(0).origin().startSeqno(), 0, problem)
                        : new Result(origin.lastSeqno, origin.chain, problem));
    }

    /** Answers that nothing was looked at. Safe for any thread. */
    void refuse(TidalException reason) {
        answer.accept(new Result(batches.get(0).firstSeqno() - 1, 0, reason));
    }
}
