package io.tidaldb.core.erasure;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.ErasureRecord;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.TenantKeyrings;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.runtime.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that nothing of deleted tenants is left in the files of the nodes of this process, and that this is agreed on, node by node. What
 * can't be agreed on now is tried again, and when the node is opened the next time.
 */
public final class Erasures {

    private static final Logger LOG = LoggerFactory.getLogger(Erasures.class);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
    private static final Duration TRY_AGAIN = Duration.ofSeconds(2);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final TenantKeyrings keyrings;
    private final Clock clock;
    private final Function<Duration, CompletableFuture<Void>> pause;

    /**
     * Creates it.
     *
     * @param pause completes after a while, on the control scheduler; fails when this process closes
     */
    public Erasures(
            ControlPlane control,
            LocalCluster cluster,
            TenantKeyrings keyrings,
            Clock clock,
            Function<Duration, CompletableFuture<Void>> pause) {
        this.control = control;
        this.cluster = cluster;
        this.keyrings = keyrings;
        this.clock = clock;
        this.pause = pause;
    }

    /** The logs and files of a tenant were deleted on the nodes of this process that run. */
    public void deleted(TenantId tenant) {
        control.erasures().stream()
                .filter(record -> record.tenant().equals(tenant))
                .forEach(record -> cluster.nodes().forEach(node -> confirm(node, record)));
    }

    /** A node has been opened, and before that all was deleted that it still had of tenants that are no more. */
    public void opened(Node node) {
        control.erasures().forEach(record -> confirm(node, record));
    }

    /** Returns whether a running node of this process has still to confirm an erasure. */
    public boolean isPendingHere(TenantId tenant) {
        List<NodeId> here = cluster.nodes().stream().map(Node::id).toList();
        return control.erasures().stream()
                .filter(record -> record.tenant().equals(tenant))
                .anyMatch(record -> here.stream().anyMatch(record::isPending));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handled.
    private void confirm(Node node, ErasureRecord record) {
        if (record.isPending(node.id())) {
            purged(node)
                    .thenRun(() -> destroyKeys(record))
                    .thenCompose(nothing -> control.submit(new ClusterCommand.ConfirmErasure(
                            record.tenant(), record.life(), node.id(), clock.wallNanos() / 1_000_000)))
                    .whenComplete((done, failure) -> {
                        if (failure != null && cluster.isRunning(node.id())) {
                            LOG.info(
                                    "that tenant {} is erased from node {} is not agreed on yet: {}",
                                    record.tenant(),
                                    node.id(),
                                    failure.getMessage());
                            pause.apply(TRY_AGAIN).thenRun(() -> confirm(node, record));
                        }
                    });
        }
    }

    // Those of another tenant with its id stay. None is created before these are destroyed, unless by nodes of a
    // version before this rule.
    private void destroyKeys(ErasureRecord record) {
        TenantRecord now = control.tenant(record.tenant());
        if (record.encrypted() && (now == null || !now.config().encrypted())) {
            keyrings.destroy(record.tenant());
        }
    }

    private CompletableFuture<Void> purged(Node node) {
        return cluster.unlessEnded(node.id(), node::purge)
                .thenCompose(done -> done
                        ? CompletableFuture.completedFuture(null)
                        : pause.apply(LOOK_AGAIN).thenCompose(nothing -> purged(node)));
    }
}
