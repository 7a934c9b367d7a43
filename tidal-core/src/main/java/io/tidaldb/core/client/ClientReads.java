package io.tidaldb.core.client;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.ledger.TopK;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads of a tenant: of each slot from the node that leads it, or else from another one with a replica. */
final class ClientReads {

    private static final int MAX_TOP = 10_000;

    /** For how long one node is waited for: another one may answer. */
    private static final Duration ATTEMPT = Duration.ofSeconds(1);

    private final Cluster cluster;
    private final Routing routing;

    ClientReads(Cluster cluster, Routing routing) {
        this.cluster = cluster;
        this.routing = routing;
    }

    Reading named(String signal, String entity, ReadOptions options) {
        EntityId id = EntityNames.idOf(entity);
        return readAll(signal, List.of(id), options, entity).get(0);
    }

    List<Reading> readAll(String signal, List<EntityId> entities, ReadOptions options) {
        return readAll(signal, entities, options, null);
    }

    private List<Reading> readAll(String signal, List<EntityId> entities, ReadOptions options, @Nullable String name) {
        return await(tried((route, number, left) -> {
            SortedMap<Integer, List<Integer>> bySlot = new TreeMap<>();
            for (int i = 0; i < entities.size(); i++) {
                bySlot.computeIfAbsent(route.router().slot(entities.get(i).value()), each -> new ArrayList<>())
                        .add(i);
            }
            List<@Nullable Reading> readings = new ArrayList<>(Collections.nCopies(entities.size(), null));
            List<CompletableFuture<Void>> parts = new ArrayList<>();
            bySlot.forEach((slot, places) -> parts.add(part(
                            route, slot, places.stream().map(entities::get).toList(), signal, options, name, number)
                    .thenAccept(part -> {
                        synchronized (readings) {
                            for (int i = 0; i < places.size(); i++) {
                                readings.set(places.get(i), part.get(i));
                            }
                        }
                    })));
            return all(parts)
                    .thenApply(nothing ->
                            readings.stream().map(Objects::requireNonNull).toList());
        }));
    }

    private CompletableFuture<List<Reading>> part(
            Route route,
            int slot,
            List<EntityId> entities,
            String signal,
            ReadOptions options,
            @Nullable String name,
            int number) {
        int type = route.type(signal);
        long at = time(options);
        ShardId shard = route.slots().get(slot).shard();
        long[] asked = entities.stream().mapToLong(EntityId::value).toArray();
        return answered(
                route,
                slot,
                options,
                number,
                region -> new Call.Read(
                        route.index(),
                        tenant(),
                        region.value(),
                        type,
                        at,
                        asked,
                        seen(route, shard, options),
                        shard.value()),
                Answer.Readings.class,
                (answer, replica) -> {
                    if (number == 0 && options.region().isEmpty() && isLedElsewhere(route, slot, replica, answer)) {
                        throw new TidalException(
                                ErrorCode.NOT_OWNER, "replica " + replica + " does not take writes any more");
                    }
                    List<Reading> readings = new ArrayList<>(asked.length);
                    for (int i = 0; i < asked.length; i++) {
                        Answer.Cell cell = answer.cells().get(i);
                        boolean counts = name == null || name.equals(cell.name());
                        readings.add(reading(entities.get(i), cell, replica, counts, at));
                    }
                    return readings;
                });
    }

    // Whoever takes writes lacks none. If that is nobody else, its answer counts the next time.
    private static boolean isLedElsewhere(Route route, int slot, ReplicaId replica, Answer.Readings answer) {
        Route.Slot asked = route.slots().get(slot);
        return replica.region().equals(asked.replicas().get(asked.leader()))
                && answer.cells().stream().anyMatch(cell -> cell.stalenessNanos() != 0);
    }

    private static Reading reading(EntityId entity, Answer.Cell cell, ReplicaId replica, boolean counts, long at) {
        Duration staleness =
                cell.stalenessNanos() < 0 ? Reading.UNKNOWN_STALENESS : Duration.ofNanos(cell.stalenessNanos());
        return counts
                ? new Reading(
                        entity,
                        cell.score(),
                        cell.count(),
                        cell.hour(),
                        cell.day(),
                        cell.week(),
                        EventTime.instant(cell.asOfNanos()),
                        replica,
                        staleness)
                : new Reading(entity, 0, 0, 0, 0, 0, EventTime.instant(at), replica, staleness);
    }

    List<ScoredEntity> top(String signal, int k, ReadOptions options) {
        if (k < 1 || k > MAX_TOP) {
            throw TidalException.invalid("top " + k + " is out of range: expected 1 to " + MAX_TOP);
        }
        return await(tried((route, number, left) -> {
            TopK top = new TopK(k);
            Map<Long, @Nullable String> names = new HashMap<>();
            List<CompletableFuture<Void>> parts = new ArrayList<>();
            for (int slot = 0; slot < route.slots().size(); slot++) {
                parts.add(ranked(route, slot, signal, k, options, number).thenAccept(ranked -> {
                    synchronized (top) {
                        for (int i = 0; i < ranked.entities().length; i++) {
                            top.offer(ranked.entities()[i], ranked.scores()[i]);
                            names.put(ranked.entities()[i], ranked.names().get(i));
                        }
                    }
                }));
            }
            return all(parts).thenApply(nothing -> named(top.rank(), names));
        }));
    }

    private static List<ScoredEntity> named(TopK top, Map<Long, @Nullable String> names) {
        List<ScoredEntity> ranked = new ArrayList<>();
        for (int rank = 0; rank < top.size(); rank++) {
            long entity = top.entity(rank);
            ranked.add(new ScoredEntity(EntityId.of(entity), names.get(entity), top.score(rank)));
        }
        return ranked;
    }

    private CompletableFuture<Answer.Ranked> ranked(
            Route route, int slot, String signal, int k, ReadOptions options, int number) {
        int type = route.type(signal);
        long at = time(options);
        ShardId shard = route.slots().get(slot).shard();
        return answered(
                route,
                slot,
                options,
                number,
                region -> new Call.Top(
                        route.index(),
                        tenant(),
                        region.value(),
                        List.of(shard.value()),
                        type,
                        at,
                        k,
                        seen(route, shard, options),
                        options.user().map(EntityId::value).orElse(null)),
                Answer.Ranked.class,
                (answer, replica) -> answer);
    }

    long total(String signal) {
        return await(tried((route, number, left) -> {
            SortedMap<NodeId, List<String>> leading = new TreeMap<>();
            route.slots()
                    .forEach(slot -> leading.computeIfAbsent(slot.leader(), each -> new ArrayList<>())
                            .add(new ReplicaId(
                                            Objects.requireNonNull(
                                                    slot.replicas().get(slot.leader())),
                                            slot.shard())
                                    .toString()));
            List<CompletableFuture<Answer.Totals>> parts = new ArrayList<>();
            leading.forEach((node, replicas) -> parts.add(ask(
                    node,
                    new Call.Totals(route.index(), tenant(), route.type(signal), replicas),
                    Answer.Totals.class)));
            return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                    .thenApply(nothing -> parts.stream()
                            .mapToLong(part -> part.join().events())
                            .sum());
        }));
    }

    // Who is asked

    /** Makes something of an answer and of the replica that gave it. */
    @FunctionalInterface
    private interface Use<A, T> {

        T of(A answer, ReplicaId replica);
    }

    private <A extends Answer, T> CompletableFuture<T> answered(
            Route route,
            int slot,
            ReadOptions options,
            int number,
            Function<RegionId, Call> call,
            Class<A> expected,
            Use<A, T> use) {
        Route.Slot asked = route.slots().get(slot);
        NodeId node = node(asked, options, number);
        RegionId region = Objects.requireNonNull(asked.replicas().get(node));
        return ask(node, call.apply(region), expected)
                .thenApply(answer -> use.of(answer, new ReplicaId(region, asked.shard())));
    }

    /** Returns the node that is to answer at the nth attempt: the one that leads, as long as it can be expected to. */
    private NodeId node(Route.Slot slot, ReadOptions options, int number) {
        Optional<RegionId> wanted = options.region();
        List<NodeId> may = slot.replicas().keySet().stream()
                .filter(node ->
                        wanted.isEmpty() || wanted.get().equals(slot.replicas().get(node)))
                .toList();
        if (may.isEmpty()) {
            throw TidalException.invalid("tenant " + routing.tenant() + " has no replica of shard " + slot.shard()
                    + " in region " + wanted.orElseThrow() + ": expected one of "
                    + slot.replicas().values());
        }
        // One that is there but does not answer what it is asked must not keep the others from it.
        boolean due = number < 2 || number % 2 == 0;
        if (due && may.contains(slot.leader()) && cluster.isWell(slot.leader())) {
            return slot.leader();
        }
        List<NodeId> well = may.stream().filter(cluster::isWell).toList();
        List<NodeId> best = well.isEmpty() ? may : well;
        return best.get(number % best.size());
    }

    private <A extends Answer> CompletableFuture<A> ask(NodeId node, Call call, Class<A> expected) {
        return cluster.ask(node, routing.tenant(), call, Cluster.NOTHING, expected, ATTEMPT);
    }

    private long tenant() {
        return routing.tenant().value();
    }

    private long time(ReadOptions options) {
        return options.at().map(EventTime::nanos).orElseGet(cluster::wallNanos);
    }

    // A replica can know positions of its own slot only, which may have been on shards that have none of the tenant's
    // any more.
    private static @Nullable String seen(Route route, ShardId shard, ReadOptions options) {
        List<ShardId> others = route.slots().stream()
                .map(Route.Slot::shard)
                .filter(each -> !each.equals(shard))
                .toList();
        return options.minPosition()
                .map(position -> new Position(position.records().stream()
                        .filter(record -> !others.contains(record.shard()))
                        .toList()))
                .filter(position -> !position.records().isEmpty())
                .map(Position::toString)
                .orElse(null);
    }

    private <T> CompletableFuture<T> tried(Routing.Attempt<T> attempt) {
        cluster.checkOpen();
        return routing.tried(
                cluster.limits().readWithin(),
                reason -> Routing.passes(reason) || reason.code() == ErrorCode.POSITION_UNKNOWN,
                attempt);
    }

    private <T> T await(CompletableFuture<T> result) {
        return cluster.await(result, cluster.limits().readWithin().plus(ATTEMPT));
    }

    private static CompletableFuture<Void> all(List<CompletableFuture<Void>> parts) {
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new));
    }
}
