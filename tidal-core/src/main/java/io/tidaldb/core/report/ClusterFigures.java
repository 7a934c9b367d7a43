package io.tidaldb.core.report;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.replication.ReplicationLag;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the nodes are: those of this process are looked at, the others are asked and have a second. Safe for any number of threads. */
public final class ClusterFigures {

    private static final Logger LOG = LoggerFactory.getLogger(ClusterFigures.class);
    private static final Duration WAIT = Duration.ofSeconds(1);

    private final Instance instance;
    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final @Nullable RemoteCalls calls;
    private final Function<NodeId, Optional<String>> upgrades;

    /**
     * Creates what asks the nodes.
     *
     * @param calls null where all nodes are in this process
     * @param upgrades what the upgrade of a node of this process waits for, if for anything
     */
    public ClusterFigures(
            Instance instance,
            ControlPlane control,
            Hosting hosting,
            @Nullable RemoteCalls calls,
            Function<NodeId, Optional<String>> upgrades) {
        this.instance = instance;
        this.control = control;
        this.cluster = instance.cluster();
        this.hosting = hosting;
        this.calls = calls;
        this.upgrades = upgrades;
    }

    /** Returns how the nodes are that answer. */
    public SortedMap<NodeId, Answer.Figures> all() {
        SortedMap<NodeId, CompletableFuture<Answer.Figures>> asked = new TreeMap<>();
        for (NodeId node : cluster.names()) {
            if (calls != null && !cluster.isLocal(node)) {
                asked.put(node, ask(calls, node));
            }
        }
        SortedMap<NodeId, Answer.Figures> figures = new TreeMap<>();
        cluster.nodes()
                .forEach(node -> figures.put(
                        node.id(),
                        of(
                                node.id(),
                                cluster.lag(node.id()).map(instance::await).orElse(List.of()))));
        asked.forEach((node, answer) -> {
            try {
                figures.put(node, instance.await(answer));
            } catch (TidalException e) {
                LOG.debug("node {} does not say how it is: {}", node, e.getMessage());
            }
        });
        return figures;
    }

    /** Returns how a node of this process is, given how far behind those are that follow it. */
    public Answer.Figures of(NodeId node, List<ReplicationLag> lags) {
        return new NodeFigures(
                        node,
                        instance.clock().monotonicNanos(),
                        cluster,
                        hosting.tenants(),
                        lags,
                        upgrades.apply(node).orElse(null),
                        control.release().version().toString(),
                        cluster.usableBytes(node))
                .figures();
    }

    /** Returns what is known of a node and the way to it, given what it said of itself, or null if it does not answer. */
    public ClusterHealth.NodeHealth link(NodeId node, Answer.@Nullable Figures said) {
        long heardMillisAgo = -1;
        if (cluster.isLocal(node)) {
            heardMillisAgo = said == null ? -1 : 0;
        } else if (calls != null) {
            heardMillisAgo = calls.heardMillisAgo(node);
        }
        return new ClusterHealth.NodeHealth(
                node,
                cluster.region(node),
                cluster.address(node).orElse(null),
                said == null ? null : said.version(),
                said != null,
                heardMillisAgo);
    }

    /** Returns how much more a node's disk has room for; empty if it does not say, or does not run in this process. */
    public OptionalLong usableBytes(NodeId node) {
        if (cluster.isLocal(node) || calls == null) {
            return cluster.isRunning(node) ? OptionalLong.of(cluster.usableBytes(node)) : OptionalLong.empty();
        }
        Long usable = instance.await(ask(calls, node)).usableBytes();
        return usable == null ? OptionalLong.empty() : OptionalLong.of(usable);
    }

    private static CompletableFuture<Answer.Figures> ask(RemoteCalls remote, NodeId node) {
        return remote.ask(node, index -> new Call.Figures(0, 0), Answer.Figures.class, WAIT);
    }
}
