package io.tidaldb.core.reconcile;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.replication.LogPosition;
import io.tidaldb.core.replication.ReconciliationEngine;
import io.tidaldb.core.replication.ReconciliationPlan;
import io.tidaldb.core.replication.ReplicationState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Plans what makes the replicas of one slot equal, from what each has said that it holds: a pure function. */
final class SlotReconciliation {

    private final TenantId tenant;
    private final ShardId shard;
    private final SortedMap<ReplicaId, NodeId> nodes;
    private final SortedMap<ReplicaId, Answer.Holding> said;
    private final List<Reconciliation.Step> steps = new ArrayList<>();

    SlotReconciliation(
            TenantId tenant,
            ShardId shard,
            SortedMap<ReplicaId, NodeId> nodes,
            SortedMap<ReplicaId, Answer.Holding> said) {
        this.tenant = tenant;
        this.shard = shard;
        this.nodes = nodes;
        this.said = said;
    }

    Reconciliation.Slot plan() {
        said.forEach((replica, holding) -> {
            if (holding.problem() == null) {
                fill(replica, holding);
            }
        });
        takeBack();
        if (steps.isEmpty()) {
            compare();
        }
        List<Reconciliation.Replica> replicas = new ArrayList<>();
        said.forEach((replica, holding) -> replicas.add(new Reconciliation.Replica(
                replica,
                Objects.requireNonNull(nodes.get(replica)),
                records(holding),
                holding.doubled().stream().mapToInt(Answer.Doubled::count).sum(),
                holding.comparable() ? shortened(holding.digest()) : null,
                holding.problem())));
        return new Reconciliation.Slot(tenant, shard, replicas, steps);
    }

    // The sums of 256 buckets are for comparing; who looks at them compares 32 digits.
    private static String shortened(byte[] digest) {
        HashValue128 hash = Hashing.xxh3_128().hashBytesTo128Bits(digest);
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(hash.getMostSignificantBits()) + hex.toHexDigits(hash.getLeastSignificantBits());
    }

    private static long records(Answer.Holding holding) {
        return holding.logs().stream()
                        .mapToLong(each -> each.lastSeqno() - each.origin().startSeqno())
                        .sum()
                + holding.merged().stream()
                        .mapToLong(each -> each.lastSeqno() - each.origin().startSeqno())
                        .sum();
    }

    /** What a replica lacks that any other one has. */
    private void fill(ReplicaId replica, Answer.Holding holding) {
        SortedMap<Origin, ReplicaId> sources = new TreeMap<>();
        SortedMap<Origin, LogPosition> best = new TreeMap<>();
        said.forEach((other, theirs) -> {
            if (!other.equals(replica) && theirs.problem() == null) {
                theirs.logs().forEach(each -> {
                    LogPosition position = position(each);
                    LogPosition known = best.get(position.origin());
                    if (known == null || Long.compareUnsigned(known.lastSeqno(), position.lastSeqno()) < 0) {
                        best.put(position.origin(), position);
                        sources.put(position.origin(), other);
                    }
                });
            }
        });
        ReplicationState.Builder mine = ReplicationState.builder();
        ReplicationState.Builder theirs = ReplicationState.builder();
        holding.merged().forEach(each -> best.remove(each.origin()));
        holding.logs().stream()
                .map(SlotReconciliation::position)
                .filter(each -> best.containsKey(each.origin()) && !isAhead(each, best.get(each.origin())))
                .forEach(each -> mine.put(tenant, shard, each));
        holding.logs().stream()
                .map(SlotReconciliation::position)
                .filter(each -> best.containsKey(each.origin()) && isAhead(each, best.get(each.origin())))
                .forEach(each -> best.remove(each.origin()));
        best.values().forEach(each -> theirs.put(tenant, shard, each));
        ReconciliationEngine.plan(mine.build(), theirs.build())
                .steps()
                .forEach(step -> add(step, sources.get(step.log().origin()), replica));
    }

    private static boolean isAhead(LogPosition one, @Nullable LogPosition other) {
        return other != null && Long.compareUnsigned(one.lastSeqno(), other.lastSeqno()) > 0;
    }

    private static LogPosition position(Answer.MovedLog log) {
        return new LogPosition(log.origin(), log.firstSeqno(), log.lastSeqno(), log.chain());
    }

    private void add(ReconciliationPlan.Step step, @Nullable ReplicaId from, ReplicaId to) {
        LogId log = step.log();
        if (step instanceof ReconciliationPlan.Fetch fetch) {
            steps.add(ranged(Reconciliation.Action.SHIP, log, from, to, fetch.fromSeqno(), fetch.toSeqno()));
        } else if (step instanceof ReconciliationPlan.Snapshot snapshot) {
            steps.add(ranged(Reconciliation.Action.SNAPSHOT, log, from, to, snapshot.fromSeqno(), snapshot.toSeqno()));
        } else if (step instanceof ReconciliationPlan.Conflict conflict) {
            steps.add(new Reconciliation.Step(
                    Reconciliation.Action.CONFLICT, log.origin(), from, to, 0, conflict.seqno(), 0));
        } else {
            throw new IllegalStateException("no case for " + step);
        }
    }

    private static Reconciliation.Step ranged(
            Reconciliation.Action action,
            LogId log,
            @Nullable ReplicaId from,
            ReplicaId to,
            long fromSeqno,
            long toSeqno) {
        return new Reconciliation.Step(action, log.origin(), from, to, fromSeqno, toSeqno, toSeqno - fromSeqno + 1);
    }

    /** Each write is taken back by whoever accepted it, however many know of it. */
    private void takeBack() {
        SortedMap<Origin, Integer> doubled = new TreeMap<>();
        for (Answer.Holding holding : said.values()) {
            holding.doubled().forEach(each -> doubled.merge(each.origin(), each.count(), Math::max));
        }
        doubled.forEach((origin, count) -> steps.add(
                new Reconciliation.Step(Reconciliation.Action.TAKE_BACK, origin, null, origin.replica(), 0, 0, count)));
    }

    private void compare() {
        Map.Entry<ReplicaId, Answer.Holding> first = null;
        for (Map.Entry<ReplicaId, Answer.Holding> each : said.entrySet()) {
            if (!each.getValue().comparable()) {
                continue;
            }
            if (first == null) {
                first = each;
            } else if (!Arrays.equals(first.getValue().digest(), each.getValue().digest())) {
                steps.add(new Reconciliation.Step(
                        Reconciliation.Action.DIFFERS, null, first.getKey(), each.getKey(), 0, 0, 0));
            }
        }
    }
}
