package io.tidaldb.core.migration;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.ReceivedBatches;
import io.tidaldb.core.ingest.SlotContent;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.SnapshotReceiver;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The replicas of this process on shards to which slots are moved, or were moved from: takes what the leader of the slot sends, and says what
 * there is. Nothing is believed: batches go in as those of any other replica do, checked by seqno and chain. Safe for any number of threads.
 */
public final class MoveTarget {

    private static final int TAIL_BYTES = 256 << 10;
    private static final byte[] NOTHING = {};

    private final LocalCluster cluster;
    private final Hosting hosting;

    /** Snapshots on their way, each with the number of the part that comes next. */
    private final Map<TenantShard, Receiving> receiving = new ConcurrentHashMap<>();

    private record Receiving(SnapshotReceiver receiver, long next) {}

    /** Creates the side of migrations that receives. */
    public MoveTarget(LocalCluster cluster, Hosting hosting) {
        this.cluster = cluster;
        this.hosting = hosting;
    }

    /** Does what is asked; fails with NOT_OWNER if there is no such replica here. */
    public CompletableFuture<Answer.Moved> answer(Call.Move move, ByteBuffer attached) {
        try {
            ReplicaId replica = ReplicaId.parse(move.replica());
            TenantShard shard = shard(TenantId.of(move.tenant()), replica);
            Node node = cluster.node(replica);
            return watched(node, shard, () -> switch (move.step()) {
                case HELD -> node.held(shard).thenApply(MoveTarget::said);
                case DIGEST -> node.foldOn(shard).thenCompose(nothing -> content(node, shard, true, false));
                case CONTENT -> node.foldOn(shard).thenCompose(nothing -> content(node, shard, true, true));
                case APPEND -> node.foldOn(shard).thenCompose(nothing -> append(node, shard, attached, false));
                case KEEP -> append(node, shard, attached, true);
                case SPREAD -> spread(shard, replicator -> replicator.complete(shard));
                case NEAR -> spread(shard, replicator -> replicator.within(shard, MoveFeed.NEAR));
                case SNAPSHOT -> snapshot(node, shard, move, attached);
                case DISCARD -> discard(node, shard);
                case TAIL -> tail(node, shard, move);
            });
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    // Writes to the node may feel it.
    private static CompletableFuture<Answer.Moved> watched(
            Node node, TenantShard shard, Supplier<CompletableFuture<Answer.Moved>> step) {
        node.foreground().copyBegins();
        CompletableFuture<Answer.Moved> done;
        try {
            done = step.get();
        } catch (TidalException e) {
            done = CompletableFuture.failedFuture(e);
        }
        return done.whenComplete((answer, failure) -> node.foreground().copyEnded())
                .thenApply(answer -> answer.with(node.foreground().sample(), shard.frozenNanos()));
    }

    private TenantShard shard(TenantId id, ReplicaId replica) {
        EmbeddedTenant tenant = hosting.tenant(id);
        TenantShard shard = tenant == null ? null : tenant.open(replica);
        if (shard == null) {
            throw new TidalException(ErrorCode.NOT_OWNER, "tenant " + id + " has no replica " + replica + " here");
        }
        return shard;
    }

    private CompletableFuture<Answer.Moved> content(Node node, TenantShard shard, boolean digest, boolean full) {
        return node.content(shard, digest, full).thenApply(MoveTarget::said);
    }

    /** Returns what a slot holds as it is told to the source. */
    public static Answer.Moved said(SlotContent content) {
        List<Answer.MovedLog> logs =
                content.logs().stream().map(MoveTarget::log).toList();
        List<Answer.MovedLog> merged = new ArrayList<>();
        content.merged().forEach((origin, last) -> merged.add(log(new SlotLogs.Held(origin, last + 1, last, 0))));
        return new Answer.Moved(
                logs,
                merged,
                content.folded(),
                content.digest(),
                content.hash(),
                0,
                0,
                NOTHING,
                null,
                null,
                content.damage());
    }

    private static Answer.MovedLog log(SlotLogs.Held held) {
        Origin origin = held.origin();
        return new Answer.MovedLog(
                origin.region().value(),
                origin.shard().value(),
                origin.incarnation(),
                held.firstSeqno(),
                held.lastSeqno(),
                held.chain());
    }

    private static Answer.Moved answer(List<Answer.MovedLog> logs, int members, int complete, byte[] batches) {
        return new Answer.Moved(logs, List.of(), false, NOTHING, NOTHING, members, complete, batches, null, null, null);
    }

    private static CompletableFuture<Answer.Moved> append(
            Node node, TenantShard shard, ByteBuffer attached, boolean unfolded) {
        if (shard.leads()) {
            throw new TidalException(ErrorCode.NOT_OWNER, shard.replica() + " leads the slot by now");
        }
        List<WalBatch> batches = batches(attached);
        return received(node, shard, batches, unfolded).thenApply(held -> answer(List.of(log(held)), 0, 0, NOTHING));
    }

    /** Takes batches of one origin's log; returns how far it is then, or fails with why they do not go in. */
    static CompletableFuture<SlotLogs.Held> received(
            Node node, TenantShard shard, List<WalBatch> batches, boolean unfolded) {
        Origin origin = batches.get(0).origin();
        CompletableFuture<SlotLogs.Held> taken = new CompletableFuture<>();
        Consumer<ReceivedBatches.Result> answer = result -> {
            TidalException problem = result.problem();
            if (problem == null) {
                taken.complete(new SlotLogs.Held(origin, 0, result.lastSeqno(), result.chain()));
            } else {
                taken.completeExceptionally(problem);
            }
        };
        node.receive(
                unfolded
                        ? ReceivedBatches.unfolded(shard, batches, answer)
                        : new ReceivedBatches(shard, batches, answer));
        return taken;
    }

    /** Returns batches that lie one after another; CORRUPT_DATA if they are of several origins, or none. */
    static List<WalBatch> batches(ByteBuffer bytes) {
        List<WalBatch> batches = new ArrayList<>();
        int at = bytes.position();
        while (at < bytes.limit()) {
            WalBatch batch = WalBatch.of(bytes, at);
            if (!batches.isEmpty() && !batch.origin().equals(batches.get(0).origin())) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "a message holds batches of " + batches.get(0).origin() + " and of " + batch.origin());
            }
            batches.add(batch);
            at += batch.length();
        }
        if (batches.isEmpty()) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "a message holds no batch: expected one at least");
        }
        return batches;
    }

    private CompletableFuture<Answer.Moved> spread(
            TenantShard shard, Function<Replicator, CompletableFuture<Integer>> holders) {
        EmbeddedTenant tenant = hosting.tenant(shard.tenant().config().id());
        @Nullable Replicator replicator = cluster.replicator(shard.replica());
        int members = tenant == null
                ? 1
                : cluster.replicas()
                        .allowed(shard.replica().shard(), tenant.record().config())
                        .size();
        return members < 2 || replicator == null
                ? CompletableFuture.completedFuture(answer(List.of(), 1, 1, NOTHING))
                : holders.apply(replicator).thenApply(others -> answer(List.of(), members, others + 1, NOTHING));
    }

    private CompletableFuture<Answer.Moved> tail(Node node, TenantShard shard, Call.Move move) {
        int[] of = move.origin();
        if (of == null || of.length != 3) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "a tail is asked for without an origin");
        }
        Origin origin = new Origin(RegionId.of(of[0]), ShardId.of(of[1]), of[2]);
        return node.withReadableLogs(shard, TAIL_BYTES, logs -> logs.read(origin, move.number(), TAIL_BYTES))
                .thenApply(batches -> answer(List.of(), 0, 0, encoded(batches)));
    }

    /** Returns batches one after another. */
    static byte[] encoded(List<WalBatch> batches) {
        ByteBuffer all =
                ByteBuffer.allocate(batches.stream().mapToInt(WalBatch::length).sum());
        batches.forEach(batch -> batch.copyTo(all));
        return all.array();
    }

    private CompletableFuture<Answer.Moved> snapshot(Node node, TenantShard shard, Call.Move move, ByteBuffer part) {
        if (move.number() == 0) {
            abandon(receiving.remove(shard));
            receiving.put(shard, new Receiving(node.receiverOfMoved(shard), 0));
        }
        Receiving known = receiving.get(shard);
        if (known == null || known.next != move.number()) {
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "part " + move.number() + " of a snapshot is not the next one: it has to be sent from the start");
        }
        byte[] content = new byte[part.remaining()];
        part.get(content);
        receiving.put(shard, new Receiving(known.receiver, move.number() + 1));
        CompletableFuture<Boolean> written = known.receiver.write(content);
        if (!move.last()) {
            return written.thenApply(done -> answer(List.of(), 0, 0, NOTHING));
        }
        receiving.remove(shard);
        return written.thenCompose(done -> known.receiver.install()).thenCompose(held -> {
            hosting.told(shard);
            return content(node, shard, false, false);
        });
    }

    private CompletableFuture<Answer.Moved> discard(Node node, TenantShard shard) {
        abandon(receiving.remove(shard));
        return content(node, shard, false, false);
    }

    private static void abandon(@Nullable Receiving former) {
        if (former != null) {
            former.receiver.discard();
        }
    }
}
