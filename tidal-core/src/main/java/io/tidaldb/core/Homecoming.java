package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.RandomSource;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Hands back what prefers another node, a few slots at a time, when that node has been up for long enough and has caught up. After an
 * attempt that failed it waits for longer each time, by chance. Confined to the control scheduler.
 */
final class Homecoming {

    private static final int AT_A_TIME = 8;
    private static final int RETURNING_AT_A_TIME = 128;
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);
    private static final int MOST_DOUBLINGS = 10;

    private final NodeId self;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final Leadership leadership;
    private final HandOvers handOvers;
    private final Duration stable;
    private final RandomSource random;
    private final LoopScheduler scheduler;
    private final SortedMap<NodeId, Long> upSince = new TreeMap<>();
    private boolean busy;
    private int failures;
    private long notBefore;

    Homecoming(
            NodeId self,
            LocalCluster cluster,
            Hosting hosting,
            RemoteCalls calls,
            Leadership leadership,
            HandOvers handOvers,
            Duration stable,
            RandomSource random,
            LoopScheduler scheduler) {
        this.self = self;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.leadership = leadership;
        this.handOvers = handOvers;
        this.stable = stable;
        this.random = random;
        this.scheduler = scheduler;
    }

    /** Begins to look. */
    void start() {
        notBefore = scheduler.nanoTime();
        scheduler.execute(this::look);
    }

    private void look() {
        scheduler.schedule(LOOK, this::look);
        long now = scheduler.nanoTime();
        for (NodeId node : cluster.names()) {
            if (calls.isUp(node) && leadership.renews(node)) {
                upSince.putIfAbsent(node, now);
            } else {
                upSince.remove(node);
            }
        }
        if (busy || hosting.retires() || handOvers.isBusy() || now - notBefore < 0) {
            return;
        }
        List<TenantRecord> records =
                hosting.tenants().stream().map(EmbeddedTenant::record).toList();
        List<ClusterCommand.Promote> wanted =
                Relief.toPreferred(records, self, cluster::nameOf, node -> isStable(node, now), atATime());
        if (!wanted.isEmpty()) {
            handBack(wanted);
        }
    }

    // Whoever has come back in order is waited for, and has been compared.
    private int atATime() {
        return cluster.names().stream().anyMatch(leadership::returns) ? RETURNING_AT_A_TIME : AT_A_TIME;
    }

    private boolean isStable(NodeId node, long now) {
        Long since = upSince.get(node);
        if (!leadership.mayLead(node) || since != null && leadership.returns(node)) {
            return leadership.mayLead(node);
        }
        return since != null && now - since >= stable.toNanos();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is tried again later.
    private void handBack(List<ClusterCommand.Promote> wanted) {
        busy = true;
        Set<NodeId> nodes =
                wanted.stream().map(each -> cluster.nameOf(each.leader())).collect(Collectors.toSet());
        handOvers
                .successors(List.copyOf(nodes), wanted::contains)
                .thenComposeAsync(
                        found -> handOvers.hand(
                                found.stream()
                                        .filter(each -> each.behind() <= HandOvers.NEAR)
                                        .map(Relief.Successor::promotion)
                                        .toList(),
                                false),
                        scheduler)
                .whenCompleteAsync(
                        (handed, failure) -> {
                            busy = false;
                            tried(failure == null && handed.size() == wanted.size());
                        },
                        scheduler);
    }

    private void tried(boolean done) {
        failures = done ? 0 : Math.min(failures + 1, MOST_DOUBLINGS);
        if (failures > 0) {
            long wait = Math.min(Math.max(stable.toNanos(), LOOK.toNanos()) << (failures - 1), LONGEST_WAIT.toNanos());
            notBefore = scheduler.nanoTime() + wait / 2 + Math.floorMod(random.nextLong(), wait / 2 + 1);
        }
    }
}
