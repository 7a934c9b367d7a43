package io.tidaldb.core.reconcile;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.replication.ReplicaCheck;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.RandomSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Compares replicas with the one here that leads them, and repairs those that differ. Safe for any number of threads. */
public final class ReplicaComparing {

    private final Instance instance;
    private final LocalCluster cluster;
    private final RandomSource random;

    /** Creates what compares; each comparison is seeded anew by {@code random}. */
    public ReplicaComparing(Instance instance, RandomSource random) {
        this.instance = instance;
        this.cluster = instance.cluster();
        this.random = random;
    }

    /** Returns what the followers differ in, or differed in if it is to be repaired. Waits for them. */
    public List<ReplicaComparison> compare(TenantShard leader, boolean repair) {
        @Nullable Replicator replicator = cluster.replicator(leader.replica());
        if (replicator == null) {
            return List.of();
        }
        SortedMap<NodeId, ReplicaCheck> before = checks(replicator, leader);
        SortedMap<NodeId, ReplicaCheck> after = before;
        if (repair
                && before.values().stream()
                        .anyMatch(check -> !check.differingBuckets().isEmpty())) {
            before.forEach((follower, check) -> check.differingBuckets()
                    .forEach(bucket -> replicator.repair(leader, follower, bucket, random.nextLong())));
            after = checks(replicator, leader);
        }
        List<ReplicaComparison> result = new ArrayList<>();
        after.forEach((follower, check) -> {
            ReplicaCheck first = before.getOrDefault(follower, ReplicaCheck.UNKNOWN);
            result.add(new ReplicaComparison(
                    new ReplicaId(cluster.region(follower), leader.replica().shard()),
                    check.known(),
                    check.differingBuckets(),
                    repair ? first.differingBuckets().size() : 0));
        });
        return result;
    }

    private SortedMap<NodeId, ReplicaCheck> checks(Replicator replicator, TenantShard leader) {
        return instance.await(replicator.compare(leader, random.nextLong()));
    }

    /** Completes if a follower has the same as the one that leads; fails with NOT_CAUGHT_UP unless that is known. */
    public CompletableFuture<Void> requireSame(TenantShard leader, NodeId follower) {
        @Nullable Replicator replicator = cluster.replicator(leader.replica());
        return replicator == null
                ? CompletableFuture.completedFuture(null)
                : replicator
                        .compare(leader, random.nextLong())
                        .thenAccept(checks -> requireSame(checks.get(follower), leader, follower));
    }

    private static void requireSame(@Nullable ReplicaCheck check, TenantShard leader, NodeId follower) {
        if (check == null || !check.isEqual()) {
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "it is not known yet that node " + follower + " holds the same as " + leader.replica()
                            + ", which leads");
        }
    }
}
