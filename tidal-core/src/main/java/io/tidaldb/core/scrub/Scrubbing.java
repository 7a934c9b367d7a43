package io.tidaldb.core.scrub;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ScrubFigures;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.Scrub;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads again, slowly, what the nodes of this process hold, and has what is damaged fetched from another replica that holds all of it. A
 * damaged replica that leads first lets another one lead. What nobody else holds is left as it is, for somebody to look at.
 *
 * <p>Confined to the control scheduler, but for {@link #figures}.
 */
public final class Scrubbing {

    private static final Logger LOG = LoggerFactory.getLogger(Scrubbing.class);
    private static final int STRETCH_BYTES = 128 << 10;
    private static final Duration LONGEST_BEFORE_FIRST = Duration.ofHours(1);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final @Nullable RemoteCalls calls;
    private final BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> promotion;
    private final ScrubSettings settings;
    private final LoopScheduler scheduler;

    private final Deque<TenantShard> left = new ArrayDeque<>();
    private final Set<TenantShard> known = new HashSet<>();
    private Scrub.@Nullable Place place;
    private boolean healing;
    private volatile ScrubFigures figures = new ScrubFigures(0, 0, 0, 0);

    /** @param promotion makes another replica lead a slot */
    public Scrubbing(
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            @Nullable RemoteCalls calls,
            BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> promotion,
            ScrubSettings settings,
            LoopScheduler scheduler) {
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
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
        cluster.unlessEnded(host, cluster.node(shard.replica()).scrub(shard, place, STRETCH_BYTES))
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

    // What is damaged

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void look() {
        scheduler.schedule(LOOK, this::look);
        if (healing) {
            return;
        }
        CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
        for (EmbeddedTenant tenant : hosting.tenants()) {
            for (TenantShard shard : tenant.replicas()) {
                TidalException damage = shard.damage();
                if (damage == null || damage.code() == ErrorCode.TENANT_SUSPENDED) {
                    // What can't be opened for want of a key is whole, as far as anybody can tell.
                    known.remove(shard);
                } else if (cluster.isRunning(cluster.nameOf(shard.replica()))) {
                    if (known.add(shard)) {
                        count(0, 0, 1);
                        report(tenant, shard, String.valueOf(damage.getMessage()));
                    }
                    healing = true;
                    all = all.thenComposeAsync(nothing -> healed(tenant, shard), scheduler);
                }
            }
        }
        if (healing) {
            all.whenComplete((nothing, failure) -> scheduler.execute(() -> healing = false));
        }
    }

    /** Has it written down, for whoever looks at what was done to the tenant; tried once, since the node's log says it, too. */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is logged.
    private void report(EmbeddedTenant tenant, TenantShard shard, String what) {
        LOG.warn("tenant {} on {} is damaged: {}", tenant.id(), shard.replica(), what);
        control.submit(new ClusterCommand.ReportDamage(tenant.id(), shard.replica(), what))
                .whenComplete((index, failure) -> {
                    if (failure != null) {
                        LOG.info("it is not noted in the audit log: {}", failure.getMessage());
                    }
                });
    }

    /** Does what can be done about a damaged replica now; does not fail. */
    private CompletableFuture<Void> healed(EmbeddedTenant tenant, TenantShard shard) {
        if (!shard.isReplicated() || shard.writesEverywhere()) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> healed = shard.leads() ? relieved(tenant, shard) : refetched(tenant, shard);
        return healed.exceptionally(failure -> {
            LOG.info(
                    "tenant {} on {} stays damaged for now: {}",
                    tenant.id(),
                    shard.replica(),
                    RemoteCalls.reason(failure).getMessage());
            return null;
        });
    }

    /** Lets another replica lead that holds everything that was written here. */
    private CompletableFuture<Void> relieved(EmbeddedTenant tenant, TenantShard shard) {
        NodeId self = cluster.nameOf(shard.replica());
        CompletableFuture<Boolean> done = CompletableFuture.completedFuture(false);
        for (NodeId other : cluster.holders(shard, tenant.config())) {
            if (!other.equals(self)) {
                done = done.thenComposeAsync(
                        relieved -> relieved
                                ? CompletableFuture.completedFuture(true)
                                : whole(tenant, shard, other, self)
                                        .thenComposeAsync(
                                                found -> found.isEmpty()
                                                        ? CompletableFuture.completedFuture(false)
                                                        : promotion
                                                                .apply(tenant.id(), found.get())
                                                                .thenApply(nothing -> true),
                                                scheduler)
                                        .exceptionally(failure -> false),
                        scheduler);
            }
        }
        return done.thenApply(relieved -> null);
    }

    /** Throws a follower's replica away, if its leader holds all of it, and fetches it again. */
    private CompletableFuture<Void> refetched(EmbeddedTenant tenant, TenantShard shard) {
        NodeId leader = shard.leaderNode();
        if (leader == null) {
            return CompletableFuture.completedFuture(null);
        }
        return whole(tenant, shard, leader, leader)
                .thenComposeAsync(
                        found -> found.isEmpty()
                                ? CompletableFuture.completedFuture(false)
                                : cluster.unlessEnded(
                                        cluster.nameOf(shard.replica()),
                                        cluster.node(shard.replica()).resetHeldElsewhere(shard)),
                        scheduler)
                .thenComposeAsync(
                        reset -> {
                            if (reset) {
                                report(tenant, shard, "what it held is fetched from " + leader + " again");
                            }
                            return reset
                                    ? hosting.rejoin(tenant, shard)
                                    : CompletableFuture.<Void>completedFuture(null);
                        },
                        scheduler);
    }

    /** Returns a node's replica of a slot if it holds all that is known to have been here. */
    private CompletableFuture<Optional<ReplicaId>> whole(
            EmbeddedTenant tenant, TenantShard shard, NodeId other, NodeId leader) {
        RemoteCalls remote = calls;
        CompletableFuture<Answer.Positions> asked = cluster.isLocal(other) || remote == null
                ? hosting.positions(leader, other::equals)
                : remote.ask(
                        other,
                        index -> new Call.Positions(index, 0, leader.name()),
                        Answer.Positions.class,
                        CALL_DEADLINE);
        return cluster.unlessEnded(
                        cluster.nameOf(shard.replica()),
                        cluster.node(shard.replica()).known(shard))
                .thenCombine(
                        asked,
                        (mine, theirs) -> theirs.replicas().stream()
                                .filter(each -> each.tenant() == tenant.id().value()
                                        && each.canLead()
                                        && mine.isPresent()
                                        && holdsAll(each.logs(), mine.get())
                                        && isOther(ReplicaId.parse(each.replica()), shard))
                                .findFirst()
                                .map(each -> ReplicaId.parse(each.replica())));
    }

    private static boolean isOther(ReplicaId replica, TenantShard shard) {
        return replica.shard().equals(shard.replica().shard()) && !replica.equals(shard.replica());
    }

    private static boolean holdsAll(List<Answer.Log> theirs, Map<Origin, Long> mine) {
        return mine.entrySet().stream()
                .allMatch(each -> each.getValue() == each.getKey().startSeqno()
                        || theirs.stream()
                                .anyMatch(log -> log.region()
                                                == each.getKey().region().value()
                                        && log.shard() == each.getKey().shard().value()
                                        && log.incarnation() == each.getKey().incarnation()
                                        && Long.compareUnsigned(log.lastSeqno(), each.getValue()) >= 0));
    }
}
