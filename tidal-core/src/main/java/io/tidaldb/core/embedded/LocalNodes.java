package io.tidaldb.core.embedded;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.erasure.EntityErasing;
import io.tidaldb.core.erasure.Erasures;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.runtime.RandomSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the nodes of this process with all that they hold, in the order that makes it safe, and ends and opens single ones while the others
 * run. Whoever calls holds the lock of the instance, or has not shown it to anybody yet.
 */
final class LocalNodes {

    private static final Logger LOG = LoggerFactory.getLogger(LocalNodes.class);

    private final Instance instance;
    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final Erasures erasures;
    private final EntityErasing entityErasing;
    private final RandomSource random;
    private final boolean processes;

    /** @param processes whether the other nodes are processes of their own */
    LocalNodes(
            Instance instance,
            ControlPlane control,
            Hosting hosting,
            Erasures erasures,
            EntityErasing entityErasing,
            RandomSource random,
            boolean processes) {
        this.instance = instance;
        this.control = control;
        this.cluster = instance.cluster();
        this.hosting = hosting;
        this.erasures = erasures;
        this.entityErasing = entityErasing;
        this.random = random;
        this.processes = processes;
    }

    /**
     * Opens all of them and the tenants that exist, then serves.
     *
     * @param copied the data came without its identity: somebody else may go on writing under its origins
     */
    List<Node> startAll(boolean copied) {
        // What was agreed before anybody was told of it.
        cluster.follow(control.shards(), control.nodes());
        List<Node> nodes = cluster.localNames().stream().map(cluster::open).toList();
        nodes.forEach(node -> grantIncarnations(node, copied));
        adoptDefaultTenant(nodes);
        nodes.forEach(this::eraseLeftOvers);
        instance.await(hosting.recover(nodes));
        nodes.forEach(this::warnOfUnknown);
        nodes.forEach(node -> cluster.start(node.id()));
        instance.await(hosting.assignAll(cluster.localNames()));
        hosting.resume();
        nodes.forEach(this::opened);
        return nodes;
    }

    /** As {@link io.tidaldb.core.Tidal#crashNode}. */
    void crash(NodeId node) {
        refuseProcesses(node);
        cluster.remove(node).abandon();
    }

    /** As {@link io.tidaldb.core.Tidal#stopNode}. */
    void stop(NodeId node) {
        refuseProcesses(node);
        cluster.remove(node).close();
    }

    /** As {@link io.tidaldb.core.Tidal#startNode}. */
    void start(NodeId name) {
        refuseProcesses(name);
        if (cluster.isRunning(name)) {
            throw TidalException.invalid("node " + name + " is running already: expected one that was crashed");
        }
        instance.await(hosting.pause());
        try {
            Node node = cluster.open(name);
            try {
                grantIncarnations(node, false);
                eraseLeftOvers(node);
                instance.await(hosting.openAll(List.of(node)));
                cluster.start(name);
            } catch (TidalException e) {
                cluster.remove(name).abandon();
                throw e;
            }
            instance.await(hosting.assignAll(List.of(name)));
            opened(node);
        } finally {
            hosting.resume();
        }
    }

    // Its part in the control log ends with the process, so its node does as well.
    private void refuseProcesses(NodeId node) {
        if (processes) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "node " + node + " is one of a cluster of processes: stop or start its process instead");
        }
    }

    private void opened(Node node) {
        erasures.opened(node);
        entityErasing.opened(node);
    }

    private void grantIncarnations(Node node, boolean copied) {
        if (copied || node.needsIncarnation()) {
            for (ReplicaId replica : cluster.hosted(node.id())) {
                instance.await(control.submit(new ClusterCommand.GrantIncarnation(replica)));
            }
            node.incarnated();
        }
    }

    // A directory written before tenants existed holds logs of tenant 0 that no control log knows.
    private void adoptDefaultTenant(List<Node> nodes) {
        if (control.tenant(TenantId.DEFAULT) != null || control.hadFormer(TenantId.DEFAULT)) {
            return;
        }
        for (Node node : nodes) {
            if (node.tenantsWithLogs().contains(TenantId.DEFAULT)) {
                ReplicaId first = cluster.hosted(node.id()).get(0);
                TenantConfig config = TenantConfig.builder(TenantId.DEFAULT).build();
                instance.await(
                        control.submit(new ClusterCommand.CreateTenant(config, List.of(first), random.nextLong())));
                return;
            }
        }
    }

    // What was deleted while the node was away, whether another tenant has its id by now or not.
    private void eraseLeftOvers(Node node) {
        control.erased().stream().filter(node::holds).forEach(node::eraseNow);
        control.tenants().values().stream()
                .filter(record -> node.holdsFormer(record.config().id(), record.minIncarnation()))
                .forEach(record -> node.eraseNow(record.config().id()));
    }

    private void warnOfUnknown(Node node) {
        for (TenantId tenant : node.tenantsWithLogs()) {
            if (hosting.tenant(tenant) == null) {
                LOG.warn(
                        "logs of tenant {} on node {} are kept but not served: the control log does not know it",
                        tenant,
                        node.id());
            }
        }
    }
}
