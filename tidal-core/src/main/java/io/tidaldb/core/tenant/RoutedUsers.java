package io.tidaldb.core.tenant;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.ingest.HiddenItem;
import io.tidaldb.core.ingest.SessionImage;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.routing.ShardRouter;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.Waiting;
import io.tidaldb.core.user.UserStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The records about users of a tenant that other processes have, too. A write goes by the node that leads the tenant's first slot, where its
 * rate is counted, to the one that leads its own; where every replica takes writes, to the nearest that has all of the tenant. A read goes to
 * whoever has the replica that is to answer, and to no other one.
 *
 * <p>Safe for any number of threads.
 */
final class RoutedUsers implements UserStore {

    private final RoutedTenant tenant;
    private final EmbeddedTenant local;
    private final RemoteCalls calls;
    private final ShardRouter router;
    private final Executor callbacks;

    RoutedUsers(RoutedTenant tenant, EmbeddedTenant local, RemoteCalls calls, ShardRouter router, Executor callbacks) {
        this.tenant = tenant;
        this.local = local;
        this.calls = calls;
        this.router = router;
        this.callbacks = callbacks;
    }

    @Override
    public CompletableFuture<Position> write(UserRecord record, WriteOptions options) {
        local.requireTaker(options);
        return Waiting.bare(tenant.rerouted(options, () -> {
                    NodeId home = tenant.node(local.taking(0, options));
                    return tenant.isHere(home) ? writeFromHome(record, options) : sent(home, record, options, false);
                })
                .whenCompleteAsync((position, failure) -> {}, callbacks));
    }

    /** Writes a record, for whose rate this node accounts. */
    CompletableFuture<Position> writeFromHome(UserRecord record, WriteOptions options) {
        NodeId leader = tenant.node(local.taking(router.slot(record.route()), options));
        if (tenant.isHere(leader)) {
            return local.users().write(record, options);
        }
        local.admission(WriteOptions.DEFAULT).acquireOne();
        return sent(leader, record, options, true).whenComplete((position, failure) -> {
            if (failure != null && RemoteCalls.reason(failure).code().outcome() == Outcome.NOT_APPLIED) {
                local.state().refund(1);
            }
        });
    }

    private CompletableFuture<Position> sent(NodeId node, UserRecord record, WriteOptions options, boolean admitted) {
        tenant.requireUp(node);
        long[] key = options.idempotencyKey()
                .map(each -> new long[] {each.high(), each.low()})
                .orElse(null);
        String level = options.durability().map(Durability::name).orElse(null);
        return calls.ask(
                        node,
                        index -> new Call.RecordUser(
                                index,
                                local.id().value(),
                                local.record().digestSeed(),
                                admitted,
                                record.kind().name(),
                                level,
                                key,
                                Clock.nanos(options.deadline())),
                        ByteBuffer.wrap(record.encode()),
                        Answer.Written.class,
                        options.deadline())
                .thenApply(written -> new Position(
                        written.records().stream().map(WalSegmentId::parse).toList()));
    }

    @Override
    public Position await(CompletableFuture<Position> write, WriteOptions options) {
        return local.await(write, options);
    }

    @Override
    public List<HiddenItem> hidden(long user, ReadOptions options) {
        return local.moving().read(() -> hiddenFrom(user, options));
    }

    private List<HiddenItem> hiddenFrom(long user, ReadOptions options) {
        List<HiddenItem> all = new ArrayList<>();
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            all.addAll(hidden(user, tenant.answering(slot, options), null, options));
        }
        return all;
    }

    @Override
    public List<Long> hiddenAmong(long user, List<EntityId> items, ReadOptions options) {
        return local.moving().read(() -> hiddenOf(user, items, options));
    }

    private List<Long> hiddenOf(long user, List<EntityId> items, ReadOptions options) {
        SortedMap<ReplicaId, List<EntityId>> byReplica = new TreeMap<>();
        items.forEach(item -> byReplica
                .computeIfAbsent(tenant.answering(router.slot(item.value()), options), each -> new ArrayList<>())
                .add(item));
        List<Long> hidden = new ArrayList<>();
        byReplica.forEach(
                (replica, asked) -> hidden(user, replica, asked, options).forEach(each -> hidden.add(each.item())));
        return hidden;
    }

    private List<HiddenItem> hidden(long user, ReplicaId replica, @Nullable List<EntityId> items, ReadOptions options) {
        ReadOptions own = tenant.of(replica, options).in(replica.region());
        long[] asked =
                items == null ? null : items.stream().mapToLong(EntityId::value).toArray();
        List<HiddenItem> found = new ArrayList<>();
        tenant.answered(
                replica,
                own,
                index -> new Call.Hidden(
                        index, local.id().value(), replica.toString(), user, asked, RoutedTenant.printed(own)),
                Answer.Hidden.class,
                answer -> answer.items()
                        .forEach(each ->
                                found.add(new HiddenItem(each.what(), each.item(), WalSegmentId.parse(each.record())))),
                here -> found.addAll(local.users().hidden(user, here, asked, own)));
        return found;
    }

    @Override
    public SessionImage session(long session, ReadOptions options) {
        return local.moving().read(() -> image(session, options));
    }

    private SessionImage image(long session, ReadOptions options) {
        ReplicaId replica = tenant.answering(router.slot(session), options);
        ReadOptions own = tenant.of(replica, options).in(replica.region());
        List<SessionImage> found = new ArrayList<>(1);
        tenant.answered(
                replica,
                own,
                index -> new Call.Session(
                        index, local.id().value(), replica.toString(), session, RoutedTenant.printed(own)),
                Answer.Session.class,
                answer -> found.add(new SessionImage(
                        answer.writes().stream().map(RoutedUsers::write).toList(),
                        answer.mark(),
                        replica,
                        answer.stalenessNanos())),
                here -> found.add(local.users().session(session, here, own)));
        return found.get(0);
    }

    private static SessionImage.Write write(Answer.SessionWrite write) {
        ByteBuffer body = ByteBuffer.wrap(write.body()).order(ByteOrder.LITTLE_ENDIAN);
        return new SessionImage.Write(
                (SessionRecord) UserRecord.decode(RecordKind.SESSIONS, body),
                WalSegmentId.parse(write.record()),
                write.hlc());
    }

    @Override
    public int signalType(String name) {
        return local.users().signalType(name);
    }

    @Override
    public String signalName(int type) {
        return local.users().signalName(type);
    }

    @Override
    public long nowNanos() {
        return local.users().nowNanos();
    }
}
