package io.tidaldb.core.replication;

import static java.util.Objects.requireNonNull;

import io.tidaldb.api.Seqno;
import io.tidaldb.api.wal.LogId;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What makes two replicas hold the same, as one of them sees it: ranges and snapshots each way in the order of logs, conflicts among
 * them, then adoptions. Steps of different logs do not depend on each other; an adoption comes after its log's range.
 *
 * <p>Immutable. Can be carried out any number of times: a step whose receiver has what it brings has no effect.
 */
public record ReconciliationPlan(List<Step> steps) {

    /** Copies the list. */
    public ReconciliationPlan {
        steps = List.copyOf(steps);
    }

    /** One step, about one log. */
    public sealed interface Step {

        /** Returns the log. */
        LogId log();
    }

    /**
     * What the longer log must show before anything is added to the shorter one: that its chain after this seqno, the shorter one's
     * last, is this one. Otherwise they are in conflict.
     */
    public record Proof(long seqno, long chain) {

        @Override
        public String toString() {
            return " if the chain at " + Seqno.print(seqno) + " is " + hex(chain);
        }
    }

    /**
     * They lack this range, and this side can read it.
     *
     * @param proveAt null where the chain is known to be theirs
     */
    public record Send(
            LogId log,
            long fromSeqno,
            long toSeqno,
            @Nullable Proof proveAt) implements Step {

        @Override
        public String toString() {
            return line("send", log, fromSeqno, toSeqno) + text(proveAt);
        }
    }

    /**
     * This side lacks the range, and they can read it.
     *
     * @param proveAt null where the chain is known to be theirs
     */
    public record Fetch(
            LogId log,
            long fromSeqno,
            long toSeqno,
            @Nullable Proof proveAt) implements Step {

        @Override
        public String toString() {
            return line("fetch", log, fromSeqno, toSeqno) + text(proveAt);
        }
    }

    /**
     * One side lacks the range, and the other one has truncated the beginning of it: the state after it travels instead.
     *
     * @param toMe whether this side is the one that lacks it
     * @param proveAt null where the chain is known; what was truncated may not be able to prove it
     */
    public record Snapshot(
            LogId log,
            boolean toMe,
            long fromSeqno,
            long toSeqno,
            @Nullable Proof proveAt) implements Step {

        @Override
        public String toString() {
            return line(toMe ? "fetch snapshot" : "send snapshot", log, fromSeqno, toSeqno) + text(proveAt);
        }
    }

    /** Both hold this seqno, and not with the same records up to it: no range of this log may be shipped either way. */
    public record Conflict(LogId log, long seqno, long myChain, long theirChain) implements Step {

        @Override
        public String toString() {
            return slot("conflict", log) + " at " + Seqno.print(seqno) + ": chain " + hex(myChain) + " here, "
                    + hex(theirChain) + " there";
        }
    }

    /** The origin is closed, and this range of its log is folded nowhere until the tenant's owner adopts it. */
    public record Adopt(LogId log, long fromSeqno, long toSeqno) implements Step {

        @Override
        public String toString() {
            return line("adopt", log, fromSeqno, toSeqno);
        }
    }

    /**
     * What two replicas hold once a plan is carried out.
     *
     * @param adoptedTo how far the closed origins are folded that the plan adopts
     */
    public record Reconciled(ReplicationState mine, ReplicationState theirs, SortedMap<LogId, Long> adoptedTo) {

        /** Copies the map. */
        public Reconciled {
            adoptedTo = Collections.unmodifiableSortedMap(new TreeMap<>(adoptedTo));
        }
    }

    /** Returns whether there is nothing to do. */
    public boolean isEmpty() {
        return steps.isEmpty();
    }

    /** Returns what two replicas that this was planned for hold once it is carried out, all proofs given. Conflicts stay. */
    public Reconciled applyTo(ReplicationState mine, ReplicationState theirs) {
        TreeMap<LogId, LogPosition> mineAfter = new TreeMap<>(mine.logs());
        TreeMap<LogId, LogPosition> theirsAfter = new TreeMap<>(theirs.logs());
        TreeMap<LogId, Long> adoptedTo = new TreeMap<>();
        for (Step step : steps) {
            if (step instanceof Send send) {
                extend(theirsAfter, source(mineAfter, send), send.log, send.fromSeqno, send.toSeqno);
            } else if (step instanceof Fetch fetch) {
                extend(mineAfter, source(theirsAfter, fetch), fetch.log, fetch.fromSeqno, fetch.toSeqno);
            } else if (step instanceof Snapshot snapshot) {
                boolean toMe = snapshot.toMe;
                replace(toMe ? mineAfter : theirsAfter, source(toMe ? theirsAfter : mineAfter, snapshot), snapshot);
            } else if (step instanceof Adopt adopt) {
                adoptedTo.put(adopt.log, adopt.toSeqno);
            }
        }
        return new Reconciled(new ReplicationState(mineAfter), new ReplicationState(theirsAfter), adoptedTo);
    }

    private static LogPosition source(SortedMap<LogId, LogPosition> logs, Step step) {
        return requireNonNull(logs.get(step.log()), "a plan for other replicas");
    }

    private static void extend(
            SortedMap<LogId, LogPosition> target, LogPosition source, LogId log, long fromSeqno, long toSeqno) {
        LogPosition before = target.get(log);
        if (lacks(before, toSeqno)) {
            long first = before == null ? fromSeqno : before.firstSeqno();
            target.put(log, new LogPosition(log.origin(), first, toSeqno, source.chain()));
        }
    }

    // Nothing is readable after a snapshot: the log begins with what comes next.
    private static void replace(SortedMap<LogId, LogPosition> target, LogPosition source, Snapshot snapshot) {
        LogId log = snapshot.log;
        if (lacks(target.get(log), snapshot.toSeqno)) {
            target.put(log, new LogPosition(log.origin(), snapshot.toSeqno + 1, snapshot.toSeqno, source.chain()));
        }
    }

    private static boolean lacks(@Nullable LogPosition held, long seqno) {
        return held == null || Long.compareUnsigned(held.lastSeqno(), seqno) < 0;
    }

    /** Returns the plan for a person: one line for each step. */
    public String print() {
        return steps.stream().map(step -> step + "\n").collect(Collectors.joining());
    }

    @Override
    public String toString() {
        return print();
    }

    private static String line(String what, LogId log, long fromSeqno, long toSeqno) {
        return slot(what, log) + " " + Seqno.print(fromSeqno) + ".." + Seqno.print(toSeqno);
    }

    private static String slot(String what, LogId log) {
        return what + " " + log.tenant() + " " + log.holder() + " " + log.origin();
    }

    private static String text(@Nullable Proof proof) {
        return proof == null ? "" : proof.toString();
    }

    private static String hex(long chain) {
        return String.format("%016x", chain);
    }
}
