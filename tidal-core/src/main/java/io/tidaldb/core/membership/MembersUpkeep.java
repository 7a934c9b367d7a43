package io.tidaldb.core.membership;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Filling;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.LoopScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings about what follows from the agreed nodes: whoever decides changes the control log's members, and a node that was given replicas says
 * when they are filled. What fails is tried again. Confined to the control scheduler.
 */
public final class MembersUpkeep {

    private static final Logger LOG = LoggerFactory.getLogger(MembersUpkeep.class);
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);

    private final NodeId self;
    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final LoopScheduler scheduler;
    private boolean changing;
    private boolean looking;

    /** Creates what does not run yet. */
    public MembersUpkeep(
            NodeId self,
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            RemoteCalls calls,
            LoopScheduler scheduler) {
        this.self = self;
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.scheduler = scheduler;
    }

    /** Sees to members from now on. */
    public void start() {
        scheduler.schedule(PAUSE, this::tick);
    }

    private void tick() {
        scheduler.schedule(PAUSE, this::tick);
        if (!changing && control.leader().filter(self::equals).isPresent()) {
            VoterChoice.next(
                            control.nodes(),
                            control.voters(),
                            control.followers(),
                            node -> node.equals(self) || calls.isUp(node))
                    .ifPresent(this::change);
        }
        SortedSet<ReplicaId> filling = control.filling();
        filling.retainAll(cluster.hosted(self));
        if (!looking && !filling.isEmpty()) {
            look(filling);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void change(VoterChoice choice) {
        changing = true;
        control.changeMembers(choice.voters(), choice.followers())
                .whenComplete((nothing, failure) -> scheduler.execute(() -> {
                    changing = false;
                    if (failure == null) {
                        LOG.info("{} decide from now on, and {} follow", choice.voters(), choice.followers());
                    } else {
                        TidalException reason = RemoteCalls.reason(failure);
                        LOG.info("{} do not decide yet: {}", choice.voters(), reason.getMessage());
                    }
                }));
    }

    /** Asks the leaders of what is being filled how much they hold, then whether it is here. */
    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void look(SortedSet<ReplicaId> filling) {
        looking = true;
        SortedMap<NodeId, List<Filling.Slot>> byLeader = hosting.slotsByLeader(filling);
        byLeader.remove(self);
        List<CompletableFuture<Boolean>> asked = new ArrayList<>();
        for (Map.Entry<NodeId, List<Filling.Slot>> each : byLeader.entrySet()) {
            asked.add(calls.ask(
                            each.getKey(),
                            index -> new Call.Positions(index, 0, each.getKey().name()),
                            Answer.Positions.class,
                            CALL_DEADLINE)
                    .thenCompose(theirs -> hosting.positions(each.getKey())
                            .thenApply(mine -> Filling.isFilled(each.getValue(), theirs, mine))));
        }
        CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .thenCompose(nothing -> {
                    boolean filled = asked.stream().allMatch(CompletableFuture::join);
                    return filled
                            ? control.submit(new ClusterCommand.ReplicasFilled(self, List.copyOf(filling)))
                            : CompletableFuture.completedFuture(0L);
                })
                .whenComplete((done, failure) -> scheduler.execute(() -> {
                    looking = false;
                    if (failure != null) {
                        LOG.info(
                                "node {} can't tell yet whether {} are filled: {}",
                                self,
                                filling,
                                RemoteCalls.reason(failure).getMessage());
                    }
                }));
    }
}
