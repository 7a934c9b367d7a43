package io.tidaldb.core.replication;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ingest.SlotLogs;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What is to be done about one log of which a peer holds no more than this node.
 *
 * @param theirs what the peer holds of it
 * @param proof in a conflict, the batch of this log that shows it
 */
record LogVerdict(LogPosition theirs, Kind kind, List<WalBatch> proof) {

    enum Kind {
        /** The peer's log is the beginning of this one: what follows can be shipped. */
        RESUME,
        /** What follows is truncated here. */
        SNAPSHOT,
        /** The logs are not the same. */
        CONFLICT
    }

    /** Judges logs that the peer holds as they are here. */
    static List<LogVerdict> resume(List<LogPosition> theirs) {
        return theirs.stream()
                .map(each -> new LogVerdict(each, Kind.RESUME, List.of()))
                .toList();
    }

    /**
     * Judges all logs of a slot that are whole here: the side that holds more of one knows whether the other's is its beginning. Called by
     * the loop.
     */
    static List<LogVerdict> judge(SlotKey key, SlotLogs logs, List<LogPosition> theirs) {
        List<LogPosition> mine = logs.readable().stream()
                .map(each -> new LogPosition(each.origin(), each.firstSeqno(), each.lastSeqno(), each.chain()))
                .toList();
        ReplicationState there = ReplicationState.of(key.tenant(), key.shard(), theirs);
        ReconciliationPlan plan = ReconciliationEngine.plan(
                ReplicationState.of(key.tenant(), key.shard(), mine),
                there,
                Collections.emptySortedMap(),
                (log, seqno) -> logs.chainAt(log.origin(), seqno),
                ReconciliationEngine.Chains.NONE);
        Map<LogId, ReconciliationPlan.Step> steps = new HashMap<>();
        plan.steps().forEach(step -> steps.put(step.log(), step));
        List<LogVerdict> verdicts = new ArrayList<>();
        for (LogPosition here : mine) {
            LogId log = new LogId(key.shard(), key.tenant(), here.origin());
            LogPosition known = there.position(log);
            LogPosition their = known != null ? known : LogPosition.start(here.origin());
            ReconciliationPlan.Step step = steps.get(log);
            if (step == null || step instanceof ReconciliationPlan.Send send && send.proveAt() == null) {
                verdicts.add(new LogVerdict(their, Kind.RESUME, List.of()));
            } else if (step instanceof ReconciliationPlan.Snapshot snapshot && !snapshot.toMe()) {
                verdicts.add(new LogVerdict(their, Kind.SNAPSHOT, List.of()));
            } else if (step instanceof ReconciliationPlan.Conflict || step instanceof ReconciliationPlan.Send) {
                // No batch ends where theirs does, or not with that chain.
                verdicts.add(new LogVerdict(their, Kind.CONFLICT, logs.read(here.origin(), their.lastSeqno(), 1)));
            }
        }
        return verdicts;
    }
}
