package io.tidaldb.core.leading;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Whether a replica may lead a slot: only if it lacks nothing that others have dropped from their logs. What they hold only as state could
 * not be told apart any more into what counts and what was written again under its key.
 *
 * <p>What is dropped, a majority holds. So those that are running have to be so many that one of them is of every majority. One that is damaged
 * counts among these if the candidate has all that it is known to have had.
 *
 * @param candidate the replica that is to lead
 * @param running the replicas of the slot that can be asked, the candidate among them
 * @param damaged those besides that run, and are known though damaged
 * @param members the number of the slot's replicas, running or not
 */
public record Candidacy(TenantShard candidate, List<TenantShard> running, List<TenantShard> damaged, int members) {

    /** Keeps everybody's logs as they are, until they have got their part under the next leader or {@link #withdraw} is called. */
    public void announce() {
        running.forEach(shard -> shard.keepLogs(true));
    }

    /** Lets logs be truncated again. */
    public void withdraw() {
        running.forEach(shard -> shard.keepLogs(false));
    }

    /**
     * Completes if the candidate may lead, else fails with NOT_CAUGHT_UP, PEER_UNAVAILABLE or with what is wrong with its logs.
     *
     * @param nodes the nodes that have the replicas, which are asked; after {@link #announce}
     */
    public CompletableFuture<Void> check(Function<ReplicaId, Node> nodes) {
        requireEnough(running.size() + damaged.size());
        if (candidate.needsSnapshot()) {
            throw notCaughtUp("what it needs a snapshot for");
        }
        return nodes.apply(candidate.replica())
                .withLogs(candidate, 0, SlotLogs::ends)
                .thenCompose(ends -> {
                    List<CompletableFuture<Boolean>> count = damaged.stream()
                            .map(shard -> nodes.apply(shard.replica())
                                    .had(shard)
                                    .thenApply(theirs -> hasAll(ends, theirs))
                                    .exceptionally(failure -> false))
                            .toList();
                    return CompletableFuture.allOf(Stream.concat(
                                            count.stream(),
                                            running.stream()
                                                    .filter(shard -> shard != candidate)
                                                    .map(shard -> nodes.apply(shard.replica())
                                                            .withLogs(shard, 0, SlotLogs::held)
                                                            .thenAccept(theirs -> compare(shard, theirs, ends))))
                                    .toArray(CompletableFuture[]::new))
                            .thenRun(() -> requireEnough(running.size()
                                    + (int) count.stream()
                                            .filter(CompletableFuture::join)
                                            .count()));
                });
    }

    private void requireEnough(int counted) {
        if (counted < ShardReplicas.enoughToPromote(members)) {
            throw new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "only " + counted + " of " + members + " replicas of shard "
                            + candidate.replica().shard() + " are running"
                            + (damaged.isEmpty() ? "" : ", damaged ones that had more left out")
                            + ": expected at least "
                            + ShardReplicas.enoughToPromote(members) + ", so that " + candidate.replica()
                            + " surely lacks nothing that the others have dropped; start another node first");
        }
    }

    private static boolean hasAll(Map<Origin, Long> ends, Map<Origin, Long> had) {
        return had.entrySet().stream()
                .allMatch(log -> Long.compareUnsigned(log.getValue(), end(ends, log.getKey())) <= 0);
    }

    private static long end(Map<Origin, Long> ends, Origin origin) {
        return ends.getOrDefault(origin, origin.startSeqno());
    }

    private void compare(TenantShard other, List<SlotLogs.Held> theirs, Map<Origin, Long> ends) {
        for (SlotLogs.Held each : theirs) {
            long end = end(ends, each.origin());
            if (Long.compareUnsigned(each.firstSeqno(), end + 1) > 0) {
                throw notCaughtUp("what " + other.replica() + " does not keep any more of the log of " + each.origin()
                        + ": that begins at seqno " + Seqno.print(each.firstSeqno()) + ", and " + candidate.replica()
                        + " has it up to " + Seqno.print(end));
            }
        }
    }

    private TidalException notCaughtUp(String what) {
        return new TidalException(
                ErrorCode.NOT_CAUGHT_UP,
                "replica " + candidate.replica() + " can't lead: it lacks " + what
                        + "; wait until it has caught up, or choose another one");
    }
}
