package io.tidaldb.core.leading;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Whether a replica may lead a slot: only if it lacks nothing that others have dropped from their logs. What they hold only as state could
 * not be told apart any more into what counts and what was written again under its key.
 *
 * <p>What is dropped, a majority holds. So those that are running have to be so many that one of them is of every majority.
 *
 * @param candidate the replica that is to lead
 * @param running the replicas of the slot that can be asked, the candidate among them
 * @param members the number of the slot's replicas, running or not
 */
public record Candidacy(TenantShard candidate, List<TenantShard> running, int members) {

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
     * @param look asks a replica what it holds; after {@link #announce}
     */
    public CompletableFuture<Void> check(Function<TenantShard, CompletableFuture<List<SlotLogs.Held>>> look) {
        if (running.size() < ShardReplicas.enoughToPromote(members)) {
            throw new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "only " + running.size() + " of " + members + " replicas of shard "
                            + candidate.replica().shard() + " are running: expected at least "
                            + ShardReplicas.enoughToPromote(members) + ", so that " + candidate.replica()
                            + " surely lacks nothing that the others have dropped; start another node first");
        }
        if (candidate.needsSnapshot()) {
            throw notCaughtUp("what it needs a snapshot for");
        }
        return look.apply(candidate).thenCompose(mine -> {
            Map<Origin, Long> ends = new HashMap<>();
            mine.forEach(each -> ends.put(each.origin(), each.lastSeqno()));
            return CompletableFuture.allOf(running.stream()
                    .filter(shard -> shard != candidate)
                    .map(shard -> look.apply(shard).thenAccept(theirs -> compare(shard, theirs, ends)))
                    .toArray(CompletableFuture[]::new));
        });
    }

    private void compare(TenantShard other, List<SlotLogs.Held> theirs, Map<Origin, Long> ends) {
        for (SlotLogs.Held each : theirs) {
            long end = ends.getOrDefault(each.origin(), each.origin().startSeqno());
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
