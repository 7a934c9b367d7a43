package io.tidaldb.core.upgrade.rolling;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.hosting.Filling;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.leading.HandOvers;
import io.tidaldb.core.leading.Leadership;
import io.tidaldb.core.leading.Relief;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.LoopScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The steps of a node that is a process of its own: it hands over in order, and is handed back what prefers it. */
public final class ProcessUpgradeSteps implements UpgradeSteps {

    private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);
    private static final Duration COMPARE_DEADLINE = Duration.ofSeconds(30);

    private final NodeId self;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final HandOvers handOvers;
    private final LoopScheduler scheduler;

    /** Creates the steps of a node that is a process by itself. */
    public ProcessUpgradeSteps(
            NodeId self, Hosting hosting, RemoteCalls calls, HandOvers handOvers, LoopScheduler scheduler) {
        this.self = self;
        this.hosting = hosting;
        this.calls = calls;
        this.handOvers = handOvers;
        this.scheduler = scheduler;
    }

    @Override
    public boolean isUp(NodeId node) {
        return node.equals(self) || calls.isUp(node);
    }

    @Override
    public CompletableFuture<List<ClusterCommand.Promote>> handOver() {
        if (!hosting.leads(self)) {
            return CompletableFuture.completedFuture(List.of());
        }
        return handOvers
                .successors(handOvers.able(), each -> true)
                .thenComposeAsync(
                        found -> {
                            List<ClusterCommand.Promote> near = found.stream()
                                    .filter(each -> each.behind() <= HandOvers.NEAR)
                                    .limit(Leadership.PROMOTIONS_PER_COMMAND)
                                    .map(Relief.Successor::promotion)
                                    .toList();
                            return handOvers.hand(near, false).thenApply(handed -> {
                                List<ClusterCommand.Promote> left = new ArrayList<>(found.stream()
                                        .map(Relief.Successor::promotion)
                                        .toList());
                                left.removeAll(handed);
                                return left;
                            });
                        },
                        scheduler);
    }

    @Override
    public CompletableFuture<Answer.Positions> heldByLeader(NodeId leader) {
        return calls.ask(
                leader, index -> new Call.Positions(index, 0, leader.name()), Answer.Positions.class, CALL_DEADLINE);
    }

    @Override
    public CompletableFuture<Answer.Positions> heldHere(NodeId leader) {
        return hosting.positions(leader);
    }

    @Override
    public CompletableFuture<Boolean> compare(NodeId leader, Filling.Slot slot) {
        return calls.ask(
                        leader,
                        index -> new Call.Verify(index, slot.tenant(), slot.shard(), self.name()),
                        Answer.Done.class,
                        COMPARE_DEADLINE)
                .thenApply(same -> true);
    }

    // Those that lead look by themselves for what prefers others.
    @Override
    public CompletableFuture<Void> bringBack(List<ClusterCommand.Promote> wanted) {
        return CompletableFuture.completedFuture(null);
    }
}
