package io.tidaldb.core.client;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.Waiting;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Writes of a tenant: to the node that leads its first slot, which sends on what others lead. */
final class ClientWrites {

    private static final int MAX_SIGNALS = 100_000;

    /** For how long one node is waited for, which may be gone without a word. */
    private static final Duration ATTEMPT = Duration.ofSeconds(2);

    private static final Duration SLACK = Duration.ofSeconds(1);

    private final Cluster cluster;
    private final Routing routing;

    ClientWrites(Cluster cluster, Routing routing) {
        this.cluster = cluster;
        this.routing = routing;
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
        }
        Duration wait = left.compareTo(ATTEMPT) < 0 ? left : ATTEMPT;
        return cluster.ask(
                        home, routing.tenant(), call(route, names, options, wait), records, Answer.Written.class, wait)
                .thenApply(written -> new Position(
                        written.records().stream().map(WalSegmentId::parse).toList()));
    }

    private Call call(Route route, SortedMap<Long, String> names, WriteOptions options, Duration wait) {
        IdempotencyKey key = options.idempotencyKey().orElseThrow();
        return new Call.Write(
                route.index(),
                routing.tenant().value(),
                route.life(),
                false,
                options.durability().map(Durability::name).orElse(null),
                new long[] {key.high(), key.low()},
                wait.toNanos(),
                names.keySet().stream().mapToLong(Long::longValue).toArray(),
                new ArrayList<>(names.values()));
    }
}
