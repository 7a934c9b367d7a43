package io.tidaldb.core.tenant;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RecordedAct;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.Sessions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ledger.TopK;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.routing.ShardRouter;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.Waiting;
import io.tidaldb.core.user.TenantNegatives;
import io.tidaldb.core.user.TenantSessions;
import io.tidaldb.core.write.EncodedSignals;
import io.tidaldb.core.write.PendingWrite;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A tenant of a node that is one of several processes: what this node leads is answered here, everything else by the node that leads it.
 *
 * <p>A write goes to the node that leads the tenant's first slot, where its rate is counted, and from there to the others. A read goes to
 * those that lead; where one of them does not answer, a replica of this node does, and says how far behind it may be.
 */
public final class RoutedTenant implements Tenant {

    private static final Duration READ_DEADLINE = Duration.ofSeconds(2);
    private static final Duration TASK_DEADLINE = Duration.ofSeconds(30);
    private static final Duration AUDIT_DEADLINE = Duration.ofMinutes(10);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    private final EmbeddedTenant local;
    private final Instance tidal;
    private final RemoteCalls calls;
    private final ShardRouter router;
    private final RoutedUsers users;
    private final RoutedSums sums;
    private final MovingReads moving;

    RoutedTenant(EmbeddedTenant local, Instance tidal, RemoteCalls calls, ShardRouter router) {
        this.local = local;
        this.tidal = tidal;
        this.calls = calls;
        this.router = router;
        this.moving = local.moving();
        this.users = new RoutedUsers(this, local, calls, router, tidal.callbacks());
        this.sums = new RoutedSums(this, local, tidal, calls, moving);
    }

    @Override
    public TenantId id() {
        return local.id();
    }

    @Override
    public TenantConfig config() {
        return local.config();
    }

    @Override
    public List<ReplicaId> placement() {
        return local.placement();
    }

    @Override
    public HardNegatives negatives() {
        return new TenantNegatives(users);
    }

    @Override
    public Sessions sessions() {
        return new TenantSessions(id(), users);
    }

    /** Returns where records about users are written and read, wherever they are. */
    RoutedUsers users() {
        return users;
    }

    // Routes

    NodeId node(ReplicaId replica) {
        return tidal.cluster().nameOf(replica);
    }

    boolean isHere(NodeId node) {
        return tidal.cluster().isLocal(node);
    }

    private NodeId home() {
        return node(placement().get(0));
    }

    /** Returns the node that takes a write. */
    private NodeId taking(WriteOptions options) {
        return node(local.route(0, options.region()));
    }

    /** Returns the other nodes that lead slots. */
    private List<NodeId> otherLeaders() {
        return placement().stream()
                .map(this::node)
                .filter(node -> !isHere(node))
                .distinct()
                .sorted()
                .toList();
    }

    private long number() {
        return id().value();
    }

    // Writes

    @Override
    public Position recordAll(List<Signal> signals, WriteOptions options) {
        @Nullable TidalException before = null;
        local.requireTaker(options);
        if (isHere(taking(options))) {
            try {
                return local.recordAll(signals, options);
            } catch (TidalException e) {
                if (!mayBeTriedAgain(e, options)) {
                    throw e;
                }
                before = e;
            }
        }
        return local.await(forwarded(signals, options, before), options);
    }

    @Override
    public CompletionStage<Position> recordAllAsync(List<Signal> signals, WriteOptions options) {
        try {
            CompletionStage<Position> position = isHere(taking(options))
                    ? local.recordAllAsync(signals, options).exceptionallyCompose(failure -> {
                        TidalException reason = RemoteCalls.reason(failure);
                        return mayBeTriedAgain(reason, options)
                                ? forwarded(signals, options, reason)
                                : CompletableFuture.failedFuture(reason);
                    })
                    : forwarded(signals, options, null);
            // A caller's code never runs on a thread that carries messages.
            return Waiting.bare(position.whenCompleteAsync((done, failure) -> {}, tidal.callbacks()));
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Position> forwarded(
            List<Signal> signals, WriteOptions options, @Nullable TidalException before) {
        EncodedSignals encoded;
        try {
            encoded = local.forwarding(options).forward(signals, options);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(worse(before, e));
        }
        return rerouted(end(options), FIRST_PAUSE, options, before, () -> write(taking(options), encoded, options));
    }

    private long end(WriteOptions options) {
        return tidal.clock().monotonicNanos() + Clock.nanos(options.deadline());
    }

    private CompletableFuture<Position> write(NodeId home, EncodedSignals signals, WriteOptions options) {
        // It may have come here meanwhile.
        return isHere(home)
                ? local.admission(options)
                        .submit(signals, options, false, local.elsewhere())
                        .result()
                : sent(home, signals, options, false);
    }

    /** Sends on a part that was admitted here. */
    @SuppressWarnings("FutureReturnValueIgnored") // Either way the write is told.
    void send(int slot, EncodedSignals part, WriteOptions options, PendingWrite write) {
        rerouted(end(options), FIRST_PAUSE, options, null, () -> part(slot, part, options))
                .whenComplete((position, failure) -> told(part, write, position, failure));
    }

    private CompletableFuture<Position> part(int slot, EncodedSignals part, WriteOptions options) {
        NodeId node = node(placement().get(slot));
        return isHere(node)
                ? local.admission(options)
                        .submit(part, options, true, null)
                        .result()
                        .whenComplete((position, failure) -> takeAgain(part, failure))
                : sent(node, part, options, true);
    }

    // The loop that refused it has given back its permits, which it needs if it is tried again.
    private void takeAgain(EncodedSignals part, @Nullable Throwable failure) {
        if (failure != null && RemoteCalls.reason(failure).code().outcome() == Outcome.NOT_APPLIED) {
            local.state().rates().take(part.count(), tidal.clock().monotonicNanos());
        }
    }

    private void told(
            EncodedSignals part, PendingWrite write, @Nullable Position position, @Nullable Throwable failure) {
        if (position != null) {
            write.acknowledged(position);
        } else if (failure != null) {
            TidalException reason = RemoteCalls.reason(failure);
            if (reason.code().outcome() == Outcome.NOT_APPLIED) {
                local.state().refund(part.count());
            }
            write.refused(reason);
        }
    }

    private CompletableFuture<Position> sent(
            NodeId node, EncodedSignals signals, WriteOptions options, boolean admitted) {
        long[] named = new long[signals.names().size()];
        List<String> names = new ArrayList<>(named.length);
        signals.names().forEach((entity, name) -> {
            named[names.size()] = entity;
            names.add(name);
        });
        long[] key = options.idempotencyKey()
                .map(each -> new long[] {each.high(), each.low()})
                .orElse(null);
        String level = options.durability().map(Durability::name).orElse(null);
        requireUp(node);
        return calls.ask(
                        node,
                        index -> new Call.Write(
                                index,
                                number(),
                                local.record().digestSeed(),
                                admitted,
                                level,
                                key,
                                Clock.nanos(options.deadline()),
                                named,
                                names),
                        signals.records(),
                        Answer.Written.class,
                        options.deadline())
                .thenApply(written -> new Position(
                        written.records().stream().map(WalSegmentId::parse).toList()));
    }

    /** @throws TidalException NOT_OWNER if a node can't be reached */
    void requireUp(NodeId node) {
        if (!calls.isUp(node)) {
            throw new TidalException(
                    ErrorCode.NOT_OWNER,
                    "node " + node + ", which leads tenant " + id()
                            + ", can't be reached: another one takes over if it stays away; try again");
        }
    }

    /** Tries until the deadline, as below. */
    <T> CompletableFuture<T> rerouted(WriteOptions options, Supplier<CompletableFuture<T>> attempt) {
        return rerouted(end(options), FIRST_PAUSE, options, null, attempt);
    }

    /**
     * Tries again until the deadline where a node does not lead what it was asked for: somebody does, or will when the lease of the one that
     * did has run out, or it has handed over. What may have been applied is tried again only under a key, and
     * may have been applied whatever comes of the last attempt.
     *
     * @param before why an attempt before this has failed
     */
    private <T> CompletableFuture<T> rerouted(
            long endNanos,
            Duration pause,
            WriteOptions options,
            @Nullable TidalException before,
            Supplier<CompletableFuture<T>> attempt) {
        CompletableFuture<Void> turn = local.held().turn().get();
        return attempted(attempt).exceptionallyCompose(failure -> {
            TidalException reason = worse(before, RemoteCalls.reason(failure));
            if (!mayBeTriedAgain(RemoteCalls.reason(failure), options)
                    || tidal.clock().monotonicNanos() + pause.toNanos() - endNanos > 0) {
                return CompletableFuture.failedFuture(reason);
            }
            TidalException forGood = local.held().forGood(reason);
            if (forGood != null) {
                return CompletableFuture.failedFuture(forGood);
            }
            Duration longer = pause.multipliedBy(2);
            Duration next = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
            return local.held()
                    .untilTurn(turn, pause, reason)
                    .thenCompose(nothing -> rerouted(endNanos, next, options, reason, attempt));
        });
    }

    private static TidalException worse(@Nullable TidalException before, TidalException now) {
        return before != null
                        && before.code().outcome() != Outcome.NOT_APPLIED
                        && now.code().outcome() == Outcome.NOT_APPLIED
                ? before
                : now;
    }

    private static <T> CompletableFuture<T> attempted(Supplier<CompletableFuture<T>> attempt) {
        try {
            return attempt.get();
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private boolean mayBeTriedAgain(TidalException reason, WriteOptions options) {
        return switch (reason.code()) {
            case NOT_OWNER -> true;
            // Another node's word: what it led is led by others soon.
            case CLOSED -> tidal.isOpen();
            case PEER_UNAVAILABLE, PARTLY_APPLIED -> options.idempotencyKey().isPresent();
            default -> false;
        };
    }

    // Reads

    @Override
    public Reading read(String signal, long entity, ReadOptions options) {
        return readAll(signal, List.of(EntityId.of(entity)), options).get(0);
    }

    @Override
    public Reading read(String signal, String entity, ReadOptions options) {
        return moving.read(() -> readNamed(signal, entity, options));
    }

    private Reading readNamed(String signal, String entity, ReadOptions options) {
        EntityId id = EntityNames.idOf(entity);
        ReplicaId replica = answering(router.slot(id.value()), options);
        if (isHere(node(replica))) {
            return local.readFrom(replica, signal, entity, of(replica, options));
        }
        List<Reading> readings = new ArrayList<>(1);
        Function<Answer.Cell, Boolean> same = cell -> entity.equals(cell.name());
        read(
                signal,
                replica,
                List.of(id),
                options,
                same,
                readings::add,
                () -> readings.add(local.readFrom(here(replica).replica(), signal, entity, of(replica, options))));
        return readings.get(0);
    }

    @Override
    public List<Reading> readAll(String signal, List<EntityId> entities, ReadOptions options) {
        return moving.read(() -> readMany(signal, entities, options));
    }

    private List<Reading> readMany(String signal, List<EntityId> entities, ReadOptions options) {
        SortedMap<ReplicaId, List<Integer>> byReplica = new TreeMap<>();
        for (int i = 0; i < entities.size(); i++) {
            byReplica
                    .computeIfAbsent(
                            answering(router.slot(entities.get(i).value()), options), each -> new ArrayList<>())
                    .add(i);
        }
        List<@Nullable Reading> readings = new ArrayList<>(Collections.nCopies(entities.size(), null));
        byReplica.forEach((replica, places) -> {
            List<EntityId> asked = places.stream().map(entities::get).toList();
            List<Reading> answers = new ArrayList<>(asked.size());
            Consumer<ReplicaId> locally =
                    which -> answers.addAll(local.readFrom(which, signal, asked, of(which, options)));
            if (isHere(node(replica))) {
                locally.accept(replica);
            } else {
                read(signal, replica, asked, options, cell -> true, answers::add, () -> {
                    answers.clear();
                    locally.accept(here(replica).replica());
                });
            }
            for (int i = 0; i < places.size(); i++) {
                readings.set(places.get(i), answers.get(i));
            }
        });
        return readings.stream().map(Objects::requireNonNull).toList();
    }

    /** Returns the replica of a slot that is to answer. */
    ReplicaId answering(int slot, ReadOptions options) {
        return local.route(slot, options.region());
    }

    /** Asks only for what a replica can know: positions of its own slot. */
    ReadOptions of(ReplicaId replica, ReadOptions options) {
        return new ReadOptions(
                options.at(),
                minPosition(replica.shard(), options),
                options.region(),
                options.user(),
                options.patience());
    }

    static @Nullable String printed(ReadOptions options) {
        return options.minPosition().map(Position::toString).orElse(null);
    }

    /** Waits until a replica elsewhere has what a read asks for of its shard, if the read says how long. */
    private void awaitPosition(ReplicaId replica, ReadOptions options) {
        Optional<Position> own = minPosition(replica.shard(), options);
        if (own.isPresent() && !options.patience().isZero()) {
            Duration patience = options.patience().plusSeconds(1);
            tidal.await(
                    calls.ask(
                            node(replica),
                            index -> new Call.Reach(
                                    index,
                                    number(),
                                    replica.toString(),
                                    own.get().toString(),
                                    options.patience().toNanos()),
                            Answer.Done.class,
                            patience),
                    patience.plusSeconds(1).toNanos());
        }
    }

    /**
     * Has a read answered by a replica, wherever it is; where its node does not answer and nobody asked for its region, by one that is here.
     *
     * @param options as {@link #of} returns them for it
     */
    <A extends Answer> void answered(
            ReplicaId replica,
            ReadOptions options,
            LongFunction<Call> call,
            Class<A> expected,
            Consumer<A> then,
            Consumer<TenantShard> here) {
        local.positions().reading(options, () -> {
            if (isHere(node(replica))) {
                TenantShard found = local.replica(replica);
                local.positions().await(found, options);
                here.accept(found);
            } else {
                awaitPosition(replica, options);
                answered(node(replica), List.of(replica), call, expected, options, then, () -> {
                    TenantShard found = here(replica);
                    local.positions().await(found, options);
                    here.accept(found);
                });
            }
        });
    }

    private Optional<Position> minPosition(ShardId shard, ReadOptions options) {
        return options.minPosition()
                .map(position -> local.positions().of(shard, position))
                .filter(position -> !position.records().isEmpty());
    }

    private @Nullable String printed(ShardId shard, ReadOptions options) {
        return minPosition(shard, options).map(Position::toString).orElse(null);
    }

    private void read(
            String signal,
            ReplicaId replica,
            List<EntityId> entities,
            ReadOptions options,
            Function<Answer.Cell, Boolean> counts,
            Consumer<Reading> answers,
            Runnable otherwise) {
        int type = tidal.schema().index(signal);
        long at = time(options);
        awaitPosition(replica, options);
        long[] asked = entities.stream().mapToLong(EntityId::value).toArray();
        answered(
                node(replica),
                List.of(replica),
                index -> new Call.Read(
                        index,
                        number(),
                        replica.region().value(),
                        type,
                        at,
                        asked,
                        printed(replica.shard(), options),
                        replica.shard().value()),
                Answer.Readings.class,
                options,
                readings -> {
                    for (int i = 0; i < asked.length; i++) {
                        Answer.Cell cell = readings.cells().get(i);
                        answers.accept(reading(entities.get(i), cell, replica, counts.apply(cell), at));
                    }
                },
                otherwise);
    }

    private static Reading reading(EntityId entity, Answer.Cell cell, ReplicaId replica, boolean counts, long at) {
        Duration staleness =
                cell.stalenessNanos() < 0 ? Reading.UNKNOWN_STALENESS : Duration.ofNanos(cell.stalenessNanos());
        Instant asOf = EventTime.instant(counts ? cell.asOfNanos() : at);
        return counts
                ? new Reading(
                        entity,
                        cell.score(),
                        cell.count(),
                        cell.hour(),
                        cell.day(),
                        cell.week(),
                        asOf,
                        replica,
                        staleness)
                : new Reading(entity, 0, 0, 0, 0, 0, asOf, replica, staleness);
    }

    private long time(ReadOptions options) {
        return options.at().map(EventTime::nanos).orElseGet(() -> tidal.clock().wallNanos());
    }

    /**
     * Asks a node; where it does not answer and nobody asked for its region, does it otherwise. Fails with NOT_OWNER where slots have moved.
     *
     * @param asked the replicas that are to answer
     */
    <A extends Answer> void answered(
            NodeId node,
            List<ReplicaId> asked,
            LongFunction<Call> call,
            Class<A> expected,
            ReadOptions options,
            Consumer<A> then,
            Runnable otherwise) {
        A answer;
        try {
            answer = tidal.await(calls.ask(node, call, expected, READ_DEADLINE));
        } catch (TidalException e) {
            boolean moved = e.code() == ErrorCode.NOT_OWNER && moving.haveMoved(asked);
            if (moved || !isAway(e) || options.region().isPresent()) {
                throw e;
            }
            otherwise.run();
            return;
        }
        then.accept(answer);
    }

    /** Returns whether a node has failed to answer for a reason that passes, or passes to another node. */
    static boolean isAway(TidalException e) {
        return switch (e.code()) {
            case PEER_UNAVAILABLE, DEADLINE_EXCEEDED, CLOSED, OVERLOADED, NOT_OWNER -> true;
            default -> false;
        };
    }

    /** Returns the replica here that can stand in for another one. */
    TenantShard here(ReplicaId replica) {
        TenantShard found = local.replica(replica.shard());
        if (found == null) {
            throw new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "node " + node(replica) + ", which has shard " + replica + " of tenant " + id()
                            + ", does not answer, and this node has no replica of it: try again, or ask another node");
        }
        return found;
    }

    @Override
    public List<ScoredEntity> top(String signal, int k, ReadOptions options) {
        int type = tidal.schema().index(signal);
        EmbeddedTenant.checkTop(k);
        return moving.read(() -> top(type, k, options));
    }

    private List<ScoredEntity> top(int type, int k, ReadOptions options) {
        long at = time(options);
        Map<Long, String> names = new HashMap<>();
        TopK top = new TopK(k);
        SortedMap<NodeId, List<ReplicaId>> byNode = new TreeMap<>();
        for (int slot = 0; slot < placement().size(); slot++) {
            ReplicaId replica = answering(slot, options);
            byNode.computeIfAbsent(node(replica), each -> new ArrayList<>()).add(replica);
        }
        byNode.forEach((node, replicas) -> {
            Consumer<List<ReplicaId>> locally = which -> {
                which.forEach(replica -> local.positions().require(local.replica(replica), of(replica, options)));
                offer(local.top(which.stream().map(local::replica).toList(), type, at, k, options.user()), top, names);
            };
            if (isHere(node)) {
                locally.accept(replicas);
            } else {
                top(
                        node,
                        replicas,
                        type,
                        at,
                        k,
                        options,
                        top,
                        names,
                        () -> locally.accept(replicas.stream()
                                .map(replica -> here(replica).replica())
                                .toList()));
            }
        });
        top.rank();
        List<ScoredEntity> ranked = new ArrayList<>();
        for (int rank = 0; rank < top.size(); rank++) {
            long entity = top.entity(rank);
            ranked.add(new ScoredEntity(EntityId.of(entity), names.get(entity), top.score(rank)));
        }
        return ranked;
    }

    private void top(
            NodeId node,
            List<ReplicaId> replicas,
            int type,
            long at,
            int k,
            ReadOptions options,
            TopK top,
            Map<Long, String> names,
            Runnable otherwise) {
        List<Integer> shards =
                replicas.stream().map(each -> each.shard().value()).toList();
        List<WalSegmentId> seen = replicas.stream()
                .map(replica -> minPosition(replica.shard(), options))
                .flatMap(Optional::stream)
                .flatMap(position -> position.records().stream())
                .toList();
        replicas.forEach(replica -> awaitPosition(replica, options));
        answered(
                node,
                replicas,
                index -> new Call.Top(
                        index,
                        number(),
                        replicas.get(0).region().value(),
                        shards,
                        type,
                        at,
                        k,
                        seen.isEmpty() ? null : new Position(seen).toString(),
                        options.user().map(EntityId::value).orElse(null)),
                Answer.Ranked.class,
                options,
                ranked -> {
                    for (int i = 0; i < ranked.entities().length; i++) {
                        top.offer(ranked.entities()[i], ranked.scores()[i]);
                        names.put(ranked.entities()[i], ranked.names().get(i));
                    }
                },
                otherwise);
    }

    private static void offer(List<ScoredEntity> ranked, TopK top, Map<Long, String> names) {
        ranked.forEach(each -> {
            top.offer(each.entity().value(), each.score());
            names.put(each.entity().value(), each.name());
        });
    }

    // Sums over all slots

    @Override
    public long total(String signal) {
        return sums.totals(tidal.schema().index(signal)).events();
    }

    @Override
    public long entities(String signal) {
        return sums.totals(tidal.schema().index(signal)).entities();
    }

    @Override
    public TenantUsage usage() {
        tidal.checkOpen();
        Answer.Usage all = sums.usage();
        return new TenantUsage(
                all.signalsPerSecond(), all.entities(), all.storageBytes(), all.accepted(), all.throttled());
    }

    @Override
    public List<UsageHour> usageByHour() {
        tidal.checkOpen();
        return sums.usageByHour();
    }

    @Override
    public UsageCheck verifyUsage() {
        tidal.checkOpen();
        return sums.verifyUsage();
    }

    @Override
    public void export(Consumer<RecordedSignal> consumer) {
        tidal.checkOpen();
        sums.export(consumer);
    }

    @Override
    public void exportActs(Consumer<RecordedAct> consumer) {
        tidal.checkOpen();
        sums.exportActs(consumer);
    }

    private <A extends Answer> List<A> all(
            List<NodeId> nodes, LongFunction<Call> call, Class<A> kind, Duration deadline) {
        return nodes.stream()
                .map(node -> tidal.await(calls.ask(node, call, kind, deadline), deadline.toNanos()))
                .toList();
    }

    @Override
    public List<ReplicaComparison> compareReplicas(boolean repair) {
        List<ReplicaComparison> all = new ArrayList<>(local.compareReplicas(repair));
        for (Answer.Compared each : all(
                otherLeaders(),
                index -> new Call.Compare(index, number(), repair),
                Answer.Compared.class,
                AUDIT_DEADLINE)) {
            each.replicas()
                    .forEach(one -> all.add(new ReplicaComparison(
                            ReplicaId.parse(one.replica()), one.known(), one.buckets(), one.repaired())));
        }
        return all;
    }

    // What is agreed

    /** Writes the label where the tenant's first slot is led. */
    public void label(String text) {
        tidal.await(labelled(text));
    }

    /** As {@link #label}, without waiting. */
    public CompletableFuture<Void> labelled(String text) {
        NodeId home = home();
        return isHere(home)
                ? local.writeLabel(text)
                : calls.ask(home, index -> new Call.Label(index, number(), text), Answer.Done.class, TASK_DEADLINE)
                        .thenAccept(done -> local.labelled(text));
    }

    @Override
    public String toString() {
        return "tenant " + id() + " on " + Arrays.toString(placement().toArray());
    }
}
