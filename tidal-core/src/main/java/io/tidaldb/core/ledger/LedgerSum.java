package io.tidaldb.core.ledger;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/**
 * Reads over the ledgers of several origins as if they were one. Sums go through the ledgers in the order given, which must be the same on
 * every replica: floating-point sums depend on it. They have the same bits when the first few of the ledgers were merged, in that order:
 * see {@link SignalLedger#merge}.
 *
 * <p>Immutable; reads whatever the ledgers hold, from any thread.
 */
public final class LedgerSum {

    private static final int CHUNK = 1024;
    private static final List<Integer> ALL_SIGNALS =
            IntStream.range(0, SignalLedger.SIGNALS).boxed().toList();

    @SuppressWarnings("UnnecessaryLambda") // Told from others by its identity.
    private static final LongPredicate NOBODY = entity -> false;

    private final List<SignalLedger> ledgers;

    /** What is to be taken away: events that count in one of the ledgers, or will once its log is here. */
    private final List<SignalLedger> voids;

    /** Creates a sum over ledgers in their fixed order. */
    public LedgerSum(List<SignalLedger> ledgers) {
        this(ledgers, List.of());
    }

    /**
     * Creates a sum over ledgers less what other ledgers hold, both in their fixed order. A pair that has no more events than are taken away
     * has none: it reads exactly as one that never had any.
     */
    public LedgerSum(List<SignalLedger> ledgers, List<SignalLedger> voids) {
        this.ledgers = List.copyOf(ledgers);
        this.voids = List.copyOf(voids);
    }

    private boolean isOne() {
        return ledgers.size() == 1 && voids.isEmpty();
    }

    /** Reads a pair as of a time or of its last event in any ledger, whichever is later; returns whether it has an event. */
    public boolean read(long entity, int signal, long atNanos, CellView out) {
        if (isOne()) {
            return ledgers.get(0).read(entity, signal, atNanos, out);
        }
        CellView part = new CellView();
        boolean found = sum(entity, signal, atNanos, part, out);
        // A ledger has answered as of an event later than the time asked for: all must answer as of that. More than one
        // repetition takes
        // an event that is later still and arrives just now.
        while (found && out.lastEventNanos > out.asOfNanos) {
            found = sum(entity, signal, out.lastEventNanos, part, out);
        }
        return found;
    }

    private boolean sum(long entity, int signal, long atNanos, CellView part, CellView out) {
        boolean found = false;
        out.clear(atNanos);
        for (SignalLedger ledger : ledgers) {
            if (!ledger.read(entity, signal, atNanos, part)) {
                continue;
            }
            if (found) {
                out.add(part, ledger.halfLifeNanos(signal));
            } else {
                out.set(part);
                out.asOfNanos = atNanos;
                found = true;
            }
        }
        for (SignalLedger each : voids) {
            if (each.read(entity, signal, atNanos, part)) {
                out.subtract(part, each.halfLifeNanos(signal));
            }
        }
        if (!found || out.count <= 0) {
            out.clear(atNanos);
            return false;
        }
        out.decay(ledgers.get(0).halfLifeNanos(signal));
        return true;
    }

    /** Ranks the best k entities of a signal type as of a time. */
    public TopK top(int signal, long atNanos, int k) {
        return top(signal, atNanos, k, NOBODY);
    }

    /**
     * Ranks the best k entities of a signal type as of a time.
     *
     * @param except which entities are left out; must not ask a ledger
     */
    public TopK top(int signal, long atNanos, int k, LongPredicate except) {
        while (true) {
            long repairs = repairs();
            TopK top = scanAll(signal, atNanos, k, except);
            if (repairs == repairs()) {
                return top;
            }
        }
    }

    private long repairs() {
        return ledgers.stream().mapToLong(SignalLedger::repairs).sum();
    }

    private TopK scanAll(int signal, long atNanos, int k, LongPredicate except) {
        TopK top = new TopK(k);
        if (isOne()) {
            ScoreVisitor offered = except == NOBODY
                    ? top
                    : new ScoreVisitor() {
                        @Override
                        public void visit(long entity, double score) {
                            if (!except.test(entity)) {
                                top.visit(entity, score);
                            }
                        }

                        @Override
                        public double least() {
                            return top.least();
                        }
                    };
            for (int slot = SignalLedger.SCAN_START; slot > 0; ) {
                slot = ledgers.get(0).scan(slot, CHUNK, signal, atNanos, offered);
            }
            return top.rank();
        }
        int[] scanned = new int[ledgers.size()];
        for (int i = 0; i < scanned.length; i++) {
            scanned[i] = offerOwn(i, scanned, signal, atNanos, top, except);
        }
        return top.rank();
    }

    /**
     * Offers the entities that a ledger has and no scan before has met, and returns how many slots it scanned. Copies them out first, since
     * a visitor must not call a ledger.
     */
    private int offerOwn(int ledger, int[] scanned, int signal, long atNanos, TopK top, LongPredicate except) {
        EntityBuffer buffer = new EntityBuffer();
        CellView sum = new CellView();
        int met = 0;
        for (int slot = SignalLedger.SCAN_START; slot > 0; ) {
            buffer.size = 0;
            slot = ledgers.get(ledger).scan(slot, CHUNK, signal, atNanos, buffer);
            met += buffer.size;
            for (int i = 0; i < buffer.size; i++) {
                long entity = buffer.entities[i];
                if (!except.test(entity) && !offeredBefore(ledger, scanned, entity, signal)) {
                    if (read(entity, signal, atNanos, sum)) {
                        top.offer(entity, sum.score);
                    }
                }
            }
        }
        return met;
    }

    /** An entity that came to an earlier ledger after its scan has not been offered, hence the comparison of slots. */
    private boolean offeredBefore(int end, int[] scanned, long entity, int signal) {
        for (int i = 0; i < end; i++) {
            int slot = ledgers.get(i).slot(entity, signal);
            if (slot >= 0 && slot < scanned[i]) {
                return true;
            }
        }
        return false;
    }

    /** Returns all events ever of a signal type. */
    public long total(int signal) {
        long total = 0;
        for (SignalLedger ledger : ledgers) {
            total += ledger.total(signal);
        }
        for (SignalLedger each : voids) {
            total -= each.total(signal);
        }
        return Math.max(0, total);
    }

    /** Returns whether an entity has an event of any signal type in any ledger. */
    public boolean containsEntity(long entity) {
        return anyContains(ledgers, entity) && (!anyContains(voids, entity) || hasEvents(entity));
    }

    private static boolean anyContains(List<SignalLedger> any, long entity) {
        for (SignalLedger each : any) {
            if (each.containsEntity(entity)) {
                return true;
            }
        }
        return false;
    }

    private boolean hasEvents(long entity) {
        return IntStream.range(0, SignalLedger.SIGNALS).anyMatch(signal -> hasEvents(entity, signal));
    }

    private boolean hasEvents(long entity, int signal) {
        CellView part = new CellView();
        long count = 0;
        for (SignalLedger each : ledgers) {
            count += each.read(entity, signal, 0, part) ? part.count : 0;
        }
        for (SignalLedger each : voids) {
            count -= each.read(entity, signal, 0, part) ? part.count : 0;
        }
        return count > 0;
    }

    private static final class EntityBuffer implements ScoreVisitor {

        final long[] entities = new long[CHUNK];
        int size;

        @Override
        public void visit(long entity, double score) {
            entities[size++] = entity;
        }
    }

    /** Returns the number of entities that have an event of a signal in any ledger. Scans the ledgers if there are several. */
    public long entities(int signal) {
        return distinct(List.of(signal), ledgers.isEmpty() ? 0 : ledgers.get(0).entities(signal));
    }

    /** Returns the number of entities in any ledger. Scans the ledgers if there are several. */
    public long distinctEntities() {
        return distinct(ALL_SIGNALS, ledgers.isEmpty() ? 0 : ledgers.get(0).distinctEntities());
    }

    private long distinct(List<Integer> signals, long inFirst) {
        if (ledgers.size() < 2 && voids.isEmpty()) {
            return inFirst;
        }
        Set<Long> found = new HashSet<>();
        ledgers.forEach(ledger -> signals.forEach(signal -> {
            if (ledger.entities(signal) > 0) {
                ledger.forEachCell(signal, (entity, cell) -> found.add(entity));
            }
        }));
        Set<Long> voided = new HashSet<>();
        voids.forEach(each -> signals.forEach(signal -> {
            if (each.entities(signal) > 0) {
                each.forEachCell(signal, (entity, cell) -> voided.add(entity));
            }
        }));
        voided.stream()
                .filter(entity -> signals.stream().noneMatch(signal -> hasEvents(entity, signal)))
                .forEach(found::remove);
        return found.size();
    }
}
