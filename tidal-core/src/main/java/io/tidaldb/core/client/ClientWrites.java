package io.tidaldb.core.client;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.runtime.Waiting;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Writes of a tenant: to the node that leads its first slot, which sends on what others lead. */
final class ClientWrites {

    private static final int MAX_SIGNALS = 100_000;

    private static final Duration SLACK = Duration.ofSeconds(1);

    private final Cluster cluster;
    private final Routing routing;
    private final Outbox outbox;

    ClientWrites(Cluster cluster, Routing routing) {
        this.cluster = cluster;
        this.routing = routing;
        this.outbox = new Outbox(cluster, routing.tenant());
    }

    Position record(List<Signal> signals, WriteOptions options) {
        return cluster.await(written(signals, options), options.deadline().plus(SLACK));
    }

    CompletionStage<Position> recordAsync(List<Signal> signals, WriteOptions options) {
        try {
            // The caller's code never runs on the thread that carries messages.
            return Waiting.bare(
                    written(signals, options).whenCompleteAsync((done, failure) -> {}, cluster.callbacks()));
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Position> written(List<Signal> signals, WriteOptions options) {
        cluster.checkOpen();
        if (signals.isEmpty() || signals.size() > MAX_SIGNALS) {
            throw TidalException.invalid("a write of " + signals.size() + " signals to tenant " + routing.tenant()
                    + " is out of range: expected 1 to " + MAX_SIGNALS);
        }
        int most = cluster.limits().openWrites();
        if (cluster.openWrites().incrementAndGet() > most) {
            cluster.openWrites().decrementAndGet();
            throw new OverloadedException("this client has " + most
                    + " writes without an answer, as many as it may: try again after a pause");
        }
        // All attempts say the same: a retry under a key must not differ.
        long now = cluster.wallNanos();
        List<Signal> timed = signals.stream()
                .map(signal -> signal.eventNanos() == Signal.NOW ? signal.at(now) : signal)
                .toList();
        WriteOptions keyed = options.with(options.idempotencyKey().orElseGet(cluster::newKey));
        return routing.tried(
                        options.deadline(),
                        ClientWrites::mayPass,
                        (route, number, left) -> attempt(route, timed, keyed, left))
                .whenComplete((done, failure) -> cluster.openWrites().decrementAndGet());
    }

    private static boolean mayPass(TidalException reason) {
        return Routing.passes(reason) || reason.code() == ErrorCode.PARTLY_APPLIED;
    }

    private CompletableFuture<Position> attempt(
            Route route, List<Signal> signals, WriteOptions options, Duration left) {
        NodeId home = route.home();
        if (!cluster.isUp(home)) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.NOT_OWNER,
                    "node " + home + ", which leads tenant " + routing.tenant()
                            + ", can't be reached: another one takes over if it stays away; try again"));
        }
        ByteBuffer records =
                ByteBuffer.allocate(SignalRecords.BYTES * signals.size()).order(ByteOrder.LITTLE_ENDIAN);
        SortedMap<Long, String> names = new TreeMap<>();
        BitSet slots = new BitSet(route.slots().size());
        for (int i = 0; i < signals.size(); i++) {
            Signal signal = signals.get(i);
            long entity = signal.entity().value();
            SignalRecords.put(
                    records,
                    i * SignalRecords.BYTES,
                    entity,
                    route.type(signal.type()),
                    (float) signal.weight(),
                    signal.eventNanos());
            String name = signal.name();
            if (name != null) {
                names.put(entity, name);
            }
            slots.set(route.router().slot(entity));
        }
        return outbox.send(
                new Outbox.Way(home, route.index(), route.life(), slots, options.durability()),
                new Outbox.Item(
                        records, names, options.idempotencyKey().orElseThrow(), cluster.nowNanos() + left.toNanos()));
    }
}
