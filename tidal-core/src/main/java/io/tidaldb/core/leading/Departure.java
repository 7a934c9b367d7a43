package io.tidaldb.core.leading;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.runtime.LoopScheduler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands over all that a node leads before it ends, as far as others can take it. Confined to the control scheduler. */
public final class Departure {

    private static final Logger LOG = LoggerFactory.getLogger(Departure.class);

    private static final Duration PAUSE = Duration.ofMillis(50);

    /** For how long somebody is looked for who could take anything: all may be about to end. */
    private static final Duration ALONE = Duration.ofSeconds(1);

    private final NodeId self;
    private final Hosting hosting;
    private final HandOvers handOvers;
    private final LoopScheduler scheduler;

    /** When there was somebody last. */
    private long foundNanos;

    /** Creates what hands over all that a node leads when it is to end. */
    public Departure(NodeId self, Hosting hosting, HandOvers handOvers, LoopScheduler scheduler) {
        this.self = self;
        this.hosting = hosting;
        this.handOvers = handOvers;
        this.scheduler = scheduler;
    }

    /** Hands over until nothing is left, nobody is there to take the rest, or the time is over; does not fail. Others are preferred still. */
    @SuppressWarnings("FutureReturnValueIgnored") // Either way it is done.
    public CompletableFuture<Void> begin(Duration atMost) {
        hosting.retire();
        CompletableFuture<Void> done = new CompletableFuture<>();
        scheduler.execute(() -> {
            long now = scheduler.nanoTime();
            foundNanos = now;
            go(now + atMost.toNanos() / 2, now + atMost.toNanos()).whenComplete((nothing, failure) -> {
                if (failure != null) {
                    LOG.info(
                            "node {} ends with what it leads: {}",
                            self,
                            RemoteCalls.reason(failure).getMessage());
                }
                done.complete(null);
            });
        });
        return done;
    }

    private CompletableFuture<Void> go(long hurryNanos, long endNanos) {
        List<NodeId> others = handOvers.able();
        if (!hosting.leads(self) || others.isEmpty() || scheduler.nanoTime() - endNanos > 0) {
            return CompletableFuture.completedFuture(null);
        }
        return handOvers
                .successors(others, each -> true)
                .thenComposeAsync(
                        found -> {
                            long now = scheduler.nanoTime();
                            foundNanos = found.isEmpty() ? foundNanos : now;
                            if (now - foundNanos > ALONE.toNanos()) {
                                return CompletableFuture.completedFuture(null);
                            }
                            boolean hurry = now - hurryNanos > 0;
                            List<ClusterCommand.Promote> near = found.stream()
                                    .filter(each -> hurry || each.behind() <= HandOvers.NEAR)
                                    .map(Relief.Successor::promotion)
                                    .toList();
                            CompletableFuture<Void> next = hand(near, endNanos, false)
                                    .thenCompose(any ->
                                            any ? CompletableFuture.<Void>completedFuture(null) : hosting.after(PAUSE));
                            return next.thenComposeAsync(nothing -> go(hurryNanos, endNanos), scheduler);
                        },
                        scheduler);
    }

    /** Hands over some slots, by one decision after the other, until one does not come about or the time is over; tells whether any was. */
    private CompletableFuture<Boolean> hand(List<ClusterCommand.Promote> left, long endNanos, boolean any) {
        if (left.isEmpty() || scheduler.nanoTime() - endNanos > 0) {
            return CompletableFuture.completedFuture(any);
        }
        int now = Math.min(Leadership.PROMOTIONS_PER_COMMAND, left.size());
        return handOvers
                .hand(left.subList(0, now), false)
                .handle((handed, failure) -> failure == null && !handed.isEmpty())
                .thenComposeAsync(
                        done -> done
                                ? hand(left.subList(now, left.size()), endNanos, true)
                                : CompletableFuture.completedFuture(any),
                        scheduler);
    }
}
