package io.tidaldb.core.replication;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.replication.ReconciliationPlan.Adopt;
import io.tidaldb.core.replication.ReconciliationPlan.Conflict;
import io.tidaldb.core.replication.ReconciliationPlan.Fetch;
import io.tidaldb.core.replication.ReconciliationPlan.Proof;
import io.tidaldb.core.replication.ReconciliationPlan.Send;
import io.tidaldb.core.replication.ReconciliationPlan.Snapshot;
import io.tidaldb.core.replication.ReconciliationPlan.Step;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Compares what two replicas hold and plans what makes them equal.
 *
 * <p>One origin's log is written by one node, so that of two copies one is the beginning of the other: what is lacking is the end of one
 * log, and travels one way. Copies of which that is not true are in conflict. It is known where both end at the same seqno, or where
 * the chain of the longer one at the shorter one's end is known; else the step says what is to be proved first.
 *
 * <p>Pure functions. Who may hold what (residency, placement) is the caller's business: it leaves out of both states what must not
 * travel.
 */
public final class ReconciliationEngine {

    private ReconciliationEngine() {}

    /** What is known of chains inside a replica's logs. */
    public interface Chains {

        /** Knows nothing. */
        Chains NONE = (log, seqno) -> OptionalLong.empty();

        /** Returns the chain of a log after a seqno; empty if that isn't known, or is not where a batch ends. */
        OptionalLong chainAt(LogId log, long seqno);
    }

    /** Returns the plan for two replicas where no origin is closed and no more is known than what they say. */
    public static ReconciliationPlan plan(ReplicationState mine, ReplicationState theirs) {
        return plan(mine, theirs, Collections.emptySortedMap(), Chains.NONE, Chains.NONE);
    }

    /**
     * Returns the plan as this side sees it. The other side, with the same knowledge, plans the same with both directions exchanged.
     *
     * @param adoptedTo of each closed origin's log, the position up to which it is folded
     * @param myChains what is known of this side's logs
     * @param theirChains what is known of theirs; usually {@link Chains#NONE}
     */
    public static ReconciliationPlan plan(
            ReplicationState mine,
            ReplicationState theirs,
            SortedMap<LogId, Long> adoptedTo,
            Chains myChains,
            Chains theirChains) {
        TreeSet<LogId> logs = new TreeSet<>(mine.logs().keySet());
        logs.addAll(theirs.logs().keySet());
        // How far both will hold a log once all ranges are there.
        TreeMap<LogId, Long> reached = new TreeMap<>();
        List<Step> steps = new ArrayList<>();
        for (LogId log : logs) {
            LogPosition here = positionOrStart(mine, log);
            LogPosition there = positionOrStart(theirs, log);
            int order = Long.compareUnsigned(here.lastSeqno(), there.lastSeqno());
            Step step = order == 0
                    ? atOneEnd(log, here, there)
                    : order > 0 ? toThem(log, here, there, myChains) : toMe(log, here, there, theirChains);
            if (step != null) {
                steps.add(step);
            }
            if (!(step instanceof Conflict)) {
                reached.put(log, order > 0 ? here.lastSeqno() : there.lastSeqno());
            }
        }
        adoptedTo.forEach((log, adopted) -> {
            Long last = reached.get(log);
            if (last != null && Long.compareUnsigned(last, adopted) > 0) {
                steps.add(new Adopt(log, adopted + 1, last));
            }
        });
        return new ReconciliationPlan(steps);
    }

    private static LogPosition positionOrStart(ReplicationState state, LogId log) {
        LogPosition position = state.position(log);
        return position != null ? position : LogPosition.start(log.origin());
    }

    private static @Nullable Step atOneEnd(LogId log, LogPosition here, LogPosition there) {
        return here.chain() == there.chain() ? null : new Conflict(log, here.lastSeqno(), here.chain(), there.chain());
    }

    private static Step toThem(LogId log, LogPosition here, LogPosition there, Chains myChains) {
        long held = there.lastSeqno();
        OptionalLong known = chainAt(log, held, myChains);
        if (known.isPresent() && known.getAsLong() != there.chain()) {
            return new Conflict(log, held, known.getAsLong(), there.chain());
        }
        Proof proof = known.isPresent() ? null : new Proof(held, there.chain());
        return here.canRead(held + 1)
                ? new Send(log, held + 1, here.lastSeqno(), proof)
                : new Snapshot(log, false, held + 1, here.lastSeqno(), proof);
    }

    private static Step toMe(LogId log, LogPosition here, LogPosition there, Chains theirChains) {
        long held = here.lastSeqno();
        OptionalLong known = chainAt(log, held, theirChains);
        if (known.isPresent() && known.getAsLong() != here.chain()) {
            return new Conflict(log, held, here.chain(), known.getAsLong());
        }
        Proof proof = known.isPresent() ? null : new Proof(held, here.chain());
        return there.canRead(held + 1)
                ? new Fetch(log, held + 1, there.lastSeqno(), proof)
                : new Snapshot(log, true, held + 1, there.lastSeqno(), proof);
    }

    // Every log begins with the same chain.
    private static OptionalLong chainAt(LogId log, long seqno, Chains chains) {
        return seqno == log.origin().startSeqno() ? OptionalLong.of(Chain.START) : chains.chainAt(log, seqno);
    }
}
