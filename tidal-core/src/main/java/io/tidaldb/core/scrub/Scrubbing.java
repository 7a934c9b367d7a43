package io.tidaldb.core.scrub;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.ScrubFigures;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.KnownLog;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.Scrub;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.leading.Succession;
import io.tidaldb.core.migration.MoveCoordinator;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads again, slowly, what the nodes of this process hold, and has what is damaged fetched from another replica. A damaged replica that
 * leads first lets another one lead: one that holds all of it, else the one that would lead if this one were gone. What can still be read
 * is given to the next leader, by replication. What can't be read, and no other replica holds, is given up only when every other one
 * has said so, which none would that is one of a majority; and only once that is on record, for the audit log and for whoever asks how the
 * tenant is.
 *
 * <p>Confined to the control scheduler, but for {@link #figures}.
 */
public final class Scrubbing {

    private static final Logger LOG = LoggerFactory.getLogger(Scrubbing.class);
    private static final int STRETCH_BYTES = 128 << 10;
    private static final Duration LONGEST_BEFORE_FIRST = Duration.ofHours(1);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);

    /** For how long nothing of what can be read must have reached anybody, before the rest is given up. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final int MOST_NAMED = 4;

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final @Nullable RemoteCalls calls;
    private final MoveCoordinator moves;
    private final BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> promotion;
    private final ScrubSettings settings;
    private final LoopScheduler scheduler;

    private final Deque<TenantShard> left = new ArrayDeque<>();
    private final Map<TenantShard, Damaged> known = new HashMap<>();

    /** What is read through, or was, for as long as the replicas of its tenant are being changed. */
    private final Map<TenantShard, Reading> readings = new HashMap<>();

    private Scrub.@Nullable Place place;
    private boolean healing;
    private volatile ScrubFigures figures = new ScrubFigures(0, 0, 0, 0);

    /** @param promotion makes another replica lead a slot in place of a damaged one that is here */
    public Scrubbing(
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            @Nullable RemoteCalls calls,
            MoveCoordinator moves,
            BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> promotion,
            ScrubSettings settings,
            LoopScheduler scheduler) {
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.moves = moves;
        this.promotion = promotion;
        this.settings = settings;
        this.scheduler = scheduler;
    }

    /** Reads from now on. */
    public void start() {
        if (!settings.isOff()) {
            Duration first = settings.interval().compareTo(LONGEST_BEFORE_FIRST) < 0
                    ? settings.interval()
                    : LONGEST_BEFORE_FIRST;
            scheduler.schedule(first, this::begin);
        }
        scheduler.schedule(LOOK, this::look);
    }

    /** Returns what was found up to now. Safe for any thread. */
    public ScrubFigures figures() {
        ScrubFigures now = figures;
        long refetched = cluster.nodes().stream().mapToLong(Node::resets).sum();
        return new ScrubFigures(now.passes(), now.bytes(), now.damaged(), refetched);
    }

    // What is read

    private void begin() {
        hosting.tenants().forEach(tenant -> left.addAll(tenant.replicas()));
        step();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it goes on with the next.
    private void step() {
        TenantShard shard = left.peek();
        if (shard == null) {
            count(1, 0, 0);
            scheduler.schedule(settings.interval(), this::begin);
            return;
        }
        NodeId host = cluster.nameOf(shard.replica());
        if (!cluster.isRunning(host) || shard.loop().isClosed()) {
            next();
            step();
            return;
        }
        stretch(shard, place)
                .whenComplete((read, failure) -> scheduler.execute(() -> {
                    long bytes = 0;
                    if (failure != null) {
                        LOG.debug("{} is not scrubbed: {}", shard.replica(), failure.getMessage());
                        next();
                    } else {
                        bytes = read.bytes();
                        count(0, bytes, 0);
                        place = read.next();
                        if (place == null) {
                            next();
                        }
                    }
                    scheduler.schedule(pause(bytes), this::step);
                }));
    }

    private CompletableFuture<Scrub.Stretch> stretch(TenantShard shard, Scrub.@Nullable Place from) {
        return cluster.unlessEnded(
                cluster.nameOf(shard.replica()),
                () -> cluster.node(shard.replica()).scrub(shard, from, STRETCH_BYTES));
    }

    private void next() {
        left.poll();
        place = null;
    }

    private Duration pause(long bytes) {
        return Duration.ofNanos(Math.max(100_000, (long) (1e9 * bytes / settings.bytesPerSecond())));
    }

    private void count(long passes, long bytes, long damaged) {
        ScrubFigures before = figures;
        figures = new ScrubFigures(before.passes() + passes, before.bytes() + bytes, before.damaged() + damaged, 0);
    }

    // What others leave

    /** A replica that is read through from its beginning. Confined to the scheduler. */
    private static final class Reading {

        /** What its tenant was to be changed to when that began. */
        private final TenantConfig wanted;

        private Scrub.@Nullable Place next;
        private boolean done;

        Reading(TenantConfig wanted) {
            this.wanted = wanted;
        }
    }

    /**
     * Has a replica of this process that others leave read through, at the rate of scrubbing, also where that is off: while they still have what
     * may turn out to be damaged here. Called again until it is done.
     *
     * @throws TidalException through the stage, NOT_CAUGHT_UP until all of it was read, and is whole
     */
    public CompletableFuture<Void> readThrough(TenantId id, ReplicaId replica) {
        return CompletableFuture.runAsync(
                () -> {
                    EmbeddedTenant tenant = hosting.tenant(id);
                    TenantShard shard = tenant == null ? null : tenant.open(replica);
                    TenantRecord record = control.tenant(id);
                    if (record == null || shard == null || shard.refusal() != null || !isRead(shard, record.wanted())) {
                        throw new TidalException(
                                ErrorCode.NOT_CAUGHT_UP,
                                "what " + replica + " has of tenant " + id
                                        + " is read through, and not known to be whole yet: wait");
                    }
                },
                scheduler);
    }

    private boolean isRead(TenantShard shard, TenantConfig wanted) {
        Reading reading = readings.get(shard);
        if (reading == null || !reading.wanted.equals(wanted)) {
            reading = new Reading(wanted);
            readings.put(shard, reading);
            readOn(shard, reading);
        }
        return reading.done;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure ends it, and it begins again when it is asked for again.
    private void readOn(TenantShard shard, Reading reading) {
        stretch(shard, reading.next)
                .whenComplete((read, failure) -> scheduler.execute(() -> {
                    if (readings.get(shard) != reading) {
                        return;
                    }
                    if (failure != null || shard.refusal() != null) {
                        readings.remove(shard);
                        return;
                    }
                    count(0, read.bytes(), 0);
                    reading.next = read.next();
                    reading.done = read.next() == null;
                    if (!reading.done) {
                        scheduler.schedule(pause(read.bytes()), () -> readOn(shard, reading));
                    }
                }));
    }

    private boolean isChanging(TenantShard shard) {
        TenantRecord record = control.tenant(shard.tenant().config().id());
        return record != null && record.change() != null;
    }

    // What is damaged

    /** What is seen to about a damaged replica. Confined to the scheduler. */
    private static final class Damaged {

        /** Since when nobody else has got more of it. */
        private long sinceNanos;

        /** How much others had then. */
        private long records = -1;

        /** What was said of it last. */
        private String said = "";

        /** Of what it is agreed that it was said. */
        private String noted = "";

        Damaged(long nowNanos) {
            sinceNanos = nowNanos;
        }

        boolean isStuck(long heldByOthers, long nowNanos) {
            if (heldByOthers != records) {
                records = heldByOthers;
                sinceNanos = nowNanos;
            }
            return nowNanos - sinceNanos >= PATIENCE.toNanos();
        }
    }

    /**
     * What is known of a damaged replica, and what the others say that they hold.
     *
     * @param others those of them that answer, and are whole or know what they had
     * @param asked how many were asked
     */
    private record Copies(Map<Origin, KnownLog> mine, List<Answer.Positions> others, int asked) {

        /** Returns those that are whole. */
        List<Answer.Replica> replicas() {
            return others.stream()
                    .flatMap(each -> each.replicas().stream())
                    .filter(each -> !Boolean.TRUE.equals(each.damaged()))
                    .toList();
        }

        long records() {
            return replicas().stream()
                    .mapToLong(each -> mine.keySet().stream()
                            .mapToLong(origin -> each.end(origin) - origin.startSeqno())
                            .sum())
                    .sum();
        }

        boolean isWhole(Answer.Replica other) {
            return other.canLead() && lackedBy(other).isEmpty();
        }

        /** Returns the origins of which another replica lacks something that was here. */
        List<Origin> lackedBy(Answer.Replica other) {
            return mine.entrySet().stream()
                    .filter(each -> Long.compareUnsigned(
                                    other.end(each.getKey()), each.getValue().lastSeqno())
                            < 0)
                    .map(Map.Entry::getKey)
                    .sorted()
                    .toList();
        }

        /** Returns whether no other replica holds anything of an origin that one of them lacks. */
        boolean isMost(Answer.Replica one, Origin origin) {
            return replicas().stream().allMatch(other -> Long.compareUnsigned(other.end(origin), one.end(origin)) <= 0);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void look() {
        scheduler.schedule(LOOK, this::look);
        readings.keySet().removeIf(shard -> !isChanging(shard));
        if (healing) {
            return;
        }
        CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
        Set<TenantShard> damaged = new HashSet<>();
        for (EmbeddedTenant tenant : hosting.tenants()) {
            for (TenantShard shard : tenant.replicas()) {
                TidalException damage = shard.damage();
                // What can't be opened for want of a key is whole, as far as anybody can tell.
                if (damage == null || damage.code() == ErrorCode.TENANT_SUSPENDED) {
                    continue;
                }
                damaged.add(shard);
                if (cluster.isRunning(cluster.nameOf(shard.replica()))) {
                    Damaged found = known.get(shard);
                    if (found == null) {
                        found = new Damaged(scheduler.nanoTime());
                        known.put(shard, found);
                        count(0, 0, 1);
                        say(tenant, shard, found, String.valueOf(damage.getMessage()));
                    }
                    Damaged seen = found;
                    healing = true;
                    all = all.thenComposeAsync(nothing -> healed(tenant, shard, seen), scheduler);
                }
            }
        }
        known.keySet().retainAll(damaged);
        if (healing) {
            all.whenComplete((nothing, failure) -> scheduler.execute(() -> healing = false));
        }
    }

    /** Has it written down once, for whoever looks at what was done to the tenant; the node's log says it, too. */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is logged.
    private void say(EmbeddedTenant tenant, TenantShard shard, Damaged found, String what) {
        if (!found.said.equals(what)) {
            found.said = what;
            report(tenant, shard, what, false).exceptionally(failure -> {
                LOG.info("it is not noted in the audit log: {}", failure.getMessage());
                return null;
            });
        }
    }

    private CompletableFuture<Void> report(EmbeddedTenant tenant, TenantShard shard, String what, boolean lost) {
        LOG.warn("tenant {} on {} is damaged: {}", tenant.id(), shard.replica(), what);
        return control.submit(new ClusterCommand.ReportDamage(tenant.id(), shard.replica(), what, lost))
                .thenApply(index -> null);
    }

    /** Does what can be done about a damaged replica now; does not fail. */
    private CompletableFuture<Void> healed(EmbeddedTenant tenant, TenantShard shard, Damaged found) {
        if (!shard.isFetchedIfDamaged()) {
            return CompletableFuture.completedFuture(null);
        }
        NodeId host = cluster.nameOf(shard.replica());
        return cluster.unlessEnded(host, () -> cluster.node(shard.replica()).mayReset(shard))
                .thenComposeAsync(
                        // What it could not open it does not speak for any more, whoever has it.
                        may -> may ? thrownAway(tenant, shard, found, Node::reset) : asked(tenant, shard, found),
                        scheduler)
                .exceptionally(failure -> {
                    LOG.info(
                            "tenant {} on {} stays damaged for now: {}",
                            tenant.id(),
                            shard.replica(),
                            RemoteCalls.reason(failure).getMessage());
                    return null;
                });
    }

    private CompletableFuture<Void> asked(EmbeddedTenant tenant, TenantShard shard, Damaged found) {
        return copies(tenant, shard)
                .thenComposeAsync(
                        copies -> copies.isEmpty()
                                ? CompletableFuture.completedFuture(null)
                                : shard.leads()
                                        ? relieved(tenant, shard, copies.get(), found)
                                        : refetched(tenant, shard, copies.get(), found),
                        scheduler);
    }

    /** Lets another replica lead that holds everything that was written here; or if none does, the one that would if this one were gone. */
    private CompletableFuture<Void> relieved(EmbeddedTenant tenant, TenantShard shard, Copies copies, Damaged found) {
        // One that is out of service leads rather than nobody.
        ReplicaId whole = copies.replicas().stream()
                .filter(copies::isWhole)
                .map(each -> ReplicaId.parse(each.replica()))
                .min(Comparator.comparing(
                        each -> !control.phase(cluster.nameOf(each)).mayLead()))
                .orElse(null);
        if (whole != null) {
            return promotion.apply(tenant.id(), whole);
        }
        if (!found.isStuck(copies.records(), scheduler.nanoTime())) {
            return CompletableFuture.completedFuture(null);
        }
        return Succession.decide(copies.others, hosting::members).stream()
                .findFirst()
                .map(next -> promotion.apply(tenant.id(), next.leader()))
                .orElseGet(() -> {
                    say(tenant, shard, found, waits(copies, "another replica can lead"));
                    return CompletableFuture.completedFuture(null);
                });
    }

    /**
     * Throws a follower's replica away, if the slot's leader holds all of it, and fetches it again; or if the leader holds all that any other
     * replica does, and the rest can't be read.
     */
    private CompletableFuture<Void> refetched(EmbeddedTenant tenant, TenantShard shard, Copies copies, Damaged found) {
        Optional<Answer.Replica> answer = copies.replicas().stream()
                .filter(each -> ReplicaId.parse(each.replica()).equals(shard.leader()))
                .findFirst();
        if (answer.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        Answer.Replica leader = answer.get();
        List<Origin> lacking = copies.lackedBy(leader);
        if (lacking.isEmpty()) {
            return leader.canLead()
                    ? thrownAway(tenant, shard, found, Node::resetHeldElsewhere)
                    : CompletableFuture.completedFuture(null);
        }
        boolean comes =
                lacking.stream().anyMatch(origin -> known(copies, origin).readable() || !copies.isMost(leader, origin));
        if (comes || !found.isStuck(copies.records(), scheduler.nanoTime())) {
            return CompletableFuture.completedFuture(null);
        }
        if (copies.replicas().size() < copies.asked) {
            say(
                    tenant,
                    shard,
                    found,
                    waits(copies, "it is known whether the others hold " + ranges(copies, leader, lacking)));
            return CompletableFuture.completedFuture(null);
        }
        String lost = "lost for good, because no other replica had it and it can't be read here: "
                + ranges(copies, leader, lacking) + "; acknowledged at LOCAL at most";
        return report(tenant, shard, lost, true)
                .thenComposeAsync(recorded -> thrownAway(tenant, shard, found, Node::resetHeldElsewhere), scheduler);
    }

    // Once that is agreed, all confirm again what is to be erased of the tenant, and this one only when it has
    // everything again.
    private CompletableFuture<Void> thrownAway(
            EmbeddedTenant tenant,
            TenantShard shard,
            Damaged found,
            BiFunction<Node, TenantShard, CompletableFuture<Boolean>> reset) {
        String again = "what it held is fetched from " + shard.leaderNode() + " again";
        CompletableFuture<Void> mayGo = shard.isElsewhere()
                ? moves.beginAgain(tenant.id(), shard.replica(), shard.replica() + " was damaged: " + again)
                : CompletableFuture.completedFuture(null);
        return mayGo.thenComposeAsync(nothing -> noted(tenant, shard, found, again), scheduler)
                .thenComposeAsync(
                        nothing -> cluster.unlessEnded(
                                cluster.nameOf(shard.replica()),
                                () -> reset.apply(cluster.node(shard.replica()), shard)),
                        scheduler)
                .thenComposeAsync(
                        begins ->
                                begins ? hosting.rejoin(tenant, shard) : CompletableFuture.<Void>completedFuture(null),
                        scheduler);
    }

    private CompletableFuture<Void> noted(EmbeddedTenant tenant, TenantShard shard, Damaged found, String what) {
        return found.noted.equals(what)
                ? CompletableFuture.completedFuture(null)
                : report(tenant, shard, what, false).thenRunAsync(() -> found.noted = what, scheduler);
    }

    private static KnownLog known(Copies copies, Origin origin) {
        return Objects.requireNonNull(copies.mine.get(origin));
    }

    private static String waits(Copies copies, String until) {
        return "stays as it is until " + until + ": of " + copies.asked + " other replicas "
                + copies.replicas().size() + " answer and are whole";
    }

    /** Names what was here and another replica lacks. */
    private static String ranges(Copies copies, Answer.Replica other, List<Origin> lacking) {
        String named = lacking.stream()
                .limit(MOST_NAMED)
                .map(origin -> "seqno " + Seqno.print(other.end(origin) + 1) + " to "
                        + Seqno.print(known(copies, origin).lastSeqno()) + " of " + origin)
                .collect(Collectors.joining(", "));
        return lacking.size() <= MOST_NAMED ? named : named + ", and of " + (lacking.size() - MOST_NAMED) + " others";
    }

    /** Asks the others what they hold of a damaged replica's slot; empty if it is not its files that are damaged. */
    private CompletableFuture<Optional<Copies>> copies(EmbeddedTenant tenant, TenantShard shard) {
        NodeId self = cluster.nameOf(shard.replica());
        NodeId leader = shard.leaderNode();
        if (leader == null) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        List<CompletableFuture<Answer.Positions>> asked = shard.isElsewhere()
                ? heldOnBothShards(tenant, shard)
                : cluster.holders(shard, tenant.record().config()).stream()
                        .filter(node -> !node.equals(self))
                        .map(node -> held(tenant, shard, node, leader))
                        .toList();
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .thenCompose(nothing -> cluster.unlessEnded(
                        self, () -> cluster.node(shard.replica()).known(shard)))
                .thenApply(mine -> mine.map(logs -> new Copies(
                        logs, asked.stream().map(CompletableFuture::join).toList(), asked.size())));
    }

    /** Returns what a node's replica of the same slot holds; nothing if it does not answer, is not whole or is new. */
    private CompletableFuture<Answer.Positions> held(
            EmbeddedTenant tenant, TenantShard shard, NodeId other, NodeId leader) {
        RemoteCalls remote = calls;
        CompletableFuture<Answer.Positions> asked = cluster.isLocal(other) || remote == null
                ? hosting.positions(leader, other::equals)
                : remote.ask(
                        other,
                        index -> new Call.Positions(index, 0, leader.name()),
                        Answer.Positions.class,
                        CALL_DEADLINE);
        return asked.thenApply(answer -> new Answer.Positions(answer.replicas().stream()
                        .filter(each -> each.tenant() == tenant.id().value()
                                && isOther(ReplicaId.parse(each.replica()), shard)
                                && !hosting.isFilling(tenant.id(), ReplicaId.parse(each.replica()))
                                && !control.filling().contains(ReplicaId.parse(each.replica())))
                        .toList()))
                .exceptionally(failure -> new Answer.Positions(List.of()));
    }

    /** Returns what the other replicas hold of a slot that is on its way between two shards; nothing of one that does not answer or is not whole. */
    private List<CompletableFuture<Answer.Positions>> heldOnBothShards(EmbeddedTenant tenant, TenantShard shard) {
        ReplicaId leader = Objects.requireNonNull(shard.leader());
        return Stream.of(shard.replica().shard(), leader.shard())
                .flatMap(
                        each -> cluster.replicas().allowed(each, tenant.record().config()).stream())
                .map(ShardAssignment::replica)
                .filter(replica -> !replica.equals(shard.replica()))
                .map(replica -> moves.held(tenant.id(), replica)
                        .thenApply(answer -> new Answer.Positions(
                                answer.comparable() ? List.of(replica(tenant.id(), replica, answer)) : List.of()))
                        .exceptionally(failure -> new Answer.Positions(List.of())))
                .toList();
    }

    private static Answer.Replica replica(TenantId tenant, ReplicaId replica, Answer.Moved held) {
        return new Answer.Replica(
                tenant.value(), replica.toString(), true, logs(held.logs()), logs(held.merged()), null);
    }

    private static List<Answer.Log> logs(List<Answer.MovedLog> held) {
        return held.stream()
                .map(log ->
                        new Answer.Log(log.region(), log.shard(), log.incarnation(), log.firstSeqno(), log.lastSeqno()))
                .toList();
    }

    private static boolean isOther(ReplicaId replica, TenantShard shard) {
        return replica.shard().equals(shard.replica().shard()) && !replica.equals(shard.replica());
    }
}
