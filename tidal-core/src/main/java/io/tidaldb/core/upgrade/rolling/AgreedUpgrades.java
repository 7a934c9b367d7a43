package io.tidaldb.core.upgrade.rolling;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Upgrades;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.core.upgrade.Version;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The upgrades that the control log holds. Safe for any number of threads. */
public final class AgreedUpgrades implements Upgrades {

    private static final Duration LOOK = Duration.ofMillis(20);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final Supplier<SortedMap<NodeId, Answer.Figures>> figures;
    private final Supplier<Long> nowMillis;
    private final boolean several;
    private final Consumer<ClusterCommand> decide;

    /**
     * Creates a view.
     *
     * @param figures of the nodes that answer
     * @param several whether nodes are processes of their own
     * @param decide has a command agreed, in somebody's name
     */
    public AgreedUpgrades(
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            Supplier<SortedMap<NodeId, Answer.Figures>> figures,
            Supplier<Long> nowMillis,
            boolean several,
            Consumer<ClusterCommand> decide) {
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.figures = figures;
        this.nowMillis = nowMillis;
        this.several = several;
        this.decide = decide;
    }

    @Override
    public UpgradePhase phase(NodeId node) {
        return control.phase(node);
    }

    @Override
    public ClusterVersion clusterVersion() {
        Version next = control.release().version().release();
        if (next.equals(control.finalized())) {
            return new ClusterVersion(control.finalized(), next, null);
        }
        try {
            control.preview(new ClusterCommand.FinalizeUpgrade(next.releaseText()));
            return new ClusterVersion(control.finalized(), next, null);
        } catch (TidalException e) {
            return new ClusterVersion(control.finalized(), next, e.getMessage());
        }
    }

    @Override
    public Version finish() {
        Version next = control.release().version().release();
        decide.accept(new ClusterCommand.FinalizeUpgrade(next.releaseText()));
        return next;
    }

    @Override
    public List<NodeStatus> status() {
        return status(control, cluster, figures.get(), nowMillis.get());
    }

    /** Returns how far each node is, given what those say that answer. */
    public static List<NodeStatus> status(
            ControlPlane control, LocalCluster cluster, SortedMap<NodeId, Answer.Figures> said, long nowMillis) {
        List<NodeUpgrade> agreed = control.upgrades();
        return cluster.names().stream()
                .map(node -> status(
                        cluster,
                        agreed.stream()
                                .filter(each -> each.node().equals(node))
                                .findFirst()
                                .orElse(null),
                        node,
                        said.get(node),
                        nowMillis))
                .toList();
    }

    private static NodeStatus status(
            LocalCluster cluster,
            @Nullable NodeUpgrade agreed,
            NodeId node,
            Answer.@Nullable Figures said,
            long nowMillis) {
        String version = said == null ? null : said.version();
        if (agreed == null) {
            return new NodeStatus(
                    node,
                    cluster.region(node),
                    version,
                    UpgradePhase.SERVING,
                    said != null,
                    false,
                    0,
                    -1,
                    -1,
                    null,
                    null,
                    null);
        }
        long drained = agreed.drainedMillis() > 0
                ? agreed.drainedMillis()
                : agreed.rejoinedMillis() > 0 ? agreed.rejoinedMillis() : nowMillis;
        long rejoined = agreed.rejoinedMillis() == 0
                ? -1
                : Math.max(0, (agreed.doneMillis() > 0 ? agreed.doneMillis() : nowMillis) - agreed.rejoinedMillis());
        return new NodeStatus(
                node,
                cluster.region(node),
                version,
                agreed.phase(),
                said != null,
                agreed.allowUnavailable(),
                agreed.beganMillis(),
                Math.max(0, drained - agreed.beganMillis()),
                rejoined,
                said == null || !agreed.isOpen() ? null : said.upgrade(),
                agreed.failure().isEmpty() ? null : agreed.failure(),
                advice(agreed, said != null));
    }

    private static @Nullable String advice(NodeUpgrade agreed, boolean up) {
        NodeId node = agreed.node();
        return switch (agreed.phase()) {
            case SERVING -> null;
            case DRAINING ->
                up
                        ? null
                        : "node " + node
                                + " does not answer: start it and it goes on to drain, or rejoin it, which undoes"
                                + " this once it is back";
            case DRAINED ->
                up
                        ? "replace the process of node " + node + ", then rejoin it"
                        : "start node " + node + ", then rejoin it; if it never comes back, give it up with"
                                + " \"tidal cluster replace\"";
            case REJOINING, RETURNING ->
                up
                        ? null
                        : "node " + node
                                + " does not answer: start it and it goes on; if it never comes back, give it up"
                                + " with \"tidal cluster replace\"";
        };
    }

    @Override
    public List<Step> plan() {
        SortedMap<NodeId, Answer.Figures> said = figures.get();
        NodeId decides = control.leader().orElse(null);
        return cluster.names().stream()
                .sorted(Comparator.comparing((NodeId node) -> node.equals(decides) ? 1 : 0)
                        .thenComparing(Comparator.naturalOrder()))
                .map(node -> step(node, said))
                .toList();
    }

    private Step step(NodeId node, SortedMap<NodeId, Answer.Figures> said) {
        List<TenantId> paused = DrainSafety.paused(control, node, member -> said.containsKey(member), several);
        Answer.Figures figuresOfNode = said.get(node);
        int leads = control.tenants().values().stream()
                .mapToInt(tenant -> (int) tenant.placement().stream()
                        .filter(leader -> cluster.nameOf(leader).equals(node))
                        .count())
                .sum();
        return new Step(
                node,
                figuresOfNode == null ? null : figuresOfNode.version(),
                control.phase(node),
                leads,
                refusal(node, paused, said.keySet()),
                paused);
    }

    private @Nullable String refusal(NodeId node, List<TenantId> paused, Set<NodeId> up) {
        if (control.phase(node) == UpgradePhase.DRAINED) {
            return null;
        }
        try {
            control.preview(new ClusterCommand.DrainNode(node, false, DRAIN_TIMEOUT.toMillis(), nowMillis.get()));
        } catch (TidalException e) {
            return e.getMessage();
        }
        if (!up.contains(node)) {
            return "node " + node + " does not answer: it can't hand anything over";
        }
        return paused.isEmpty() ? null : unserved(node, paused, up);
    }

    private String unserved(NodeId node, List<TenantId> paused, Set<NodeId> up) {
        return "without node " + node + ", nobody could serve " + paused.size()
                + (paused.size() == 20 ? " or more" : "")
                + " tenants, such as " + paused.get(0) + "; "
                + DrainSafety.wayOut(control, node, up::contains, paused.get(0))
                + ", or say that they may pause (allow-unavailable)";
    }

    @Override
    public CompletionStage<Void> drain(NodeId node, boolean allowUnavailable, Duration timeout) {
        if (timeout.compareTo(MIN_TIMEOUT) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
            throw TidalException.invalid(
                    "timeout " + timeout + " is out of range: expected " + MIN_TIMEOUT + " to " + MAX_TIMEOUT);
        }
        ClusterCommand.DrainNode drain =
                new ClusterCommand.DrainNode(node, allowUnavailable, timeout.toMillis(), nowMillis.get());
        control.preview(drain);
        if (control.phase(node) == UpgradePhase.SERVING) {
            checkSafe(node, allowUnavailable);
        }
        decide.accept(drain);
        return until(node, UpgradePhase.DRAINED);
    }

    private void checkSafe(NodeId node, boolean allowUnavailable) {
        SortedMap<NodeId, Answer.Figures> said = figures.get();
        if (!said.containsKey(node)) {
            throw new TidalException(
                    ErrorCode.UNSAFE,
                    "node " + node
                            + " does not answer: expected one that runs, so that it can hand over what it leads");
        }
        List<TenantId> paused = DrainSafety.paused(control, node, member -> said.containsKey(member), several);
        if (!allowUnavailable && !paused.isEmpty()) {
            throw new TidalException(ErrorCode.UNSAFE, unserved(node, paused, said.keySet()));
        }
    }

    @Override
    public CompletionStage<Void> rejoin(NodeId node) {
        decide.accept(new ClusterCommand.RejoinNode(node, "", nowMillis.get()));
        return until(node, UpgradePhase.SERVING);
    }

    /** Completes when the node is there, looking at what is agreed. */
    private CompletableFuture<Void> until(NodeId node, UpgradePhase wanted) {
        NodeUpgrade agreed = control.upgrades().stream()
                .filter(each -> each.node().equals(node))
                .findFirst()
                .orElse(null);
        UpgradePhase now = agreed == null ? UpgradePhase.SERVING : agreed.phase();
        if (now == wanted) {
            return CompletableFuture.completedFuture(null);
        }
        if (wanted == UpgradePhase.DRAINED && now != UpgradePhase.DRAINING) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.UNSAFE,
                    "node " + node + " was not drained: "
                            + (agreed == null || agreed.failure().isEmpty()
                                    ? "somebody has undone it"
                                    : agreed.failure())));
        }
        return hosting.after(LOOK).thenCompose(nothing -> until(node, wanted));
    }
}
