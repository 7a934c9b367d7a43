package io.tidaldb.core;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.directory.EphemeralHome;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.directory.NodeIdentity;
import io.tidaldb.core.ingest.NodeSettings;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.wiring.Plugins;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Where an instance lives and which nodes it has: a single node in the data directory itself, or several in {@code DIR/n0}, {@code DIR/n1}
 * and so on, with the control log of all of them in the first. Opens them in order, and in case of failure releases what it has opened.
 */
final class Deployment {

    static final String CLUSTER = "tidal";
    private static final NodeId FIRST = NodeId.of("n0");
    private static final Duration WAIT_FOR_DECISION = Duration.ofSeconds(60);

    private final @Nullable Path root;
    private final @Nullable RegionId region;
    private final @Nullable Topology wanted;
    private final boolean several;
    private final Optional<NodeIdentity> known;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    Deployment(@Nullable Path root, @Nullable RegionId region, @Nullable Topology wanted) {
        this.root = root;
        this.region = region;
        this.wanted = wanted;
        if (region != null && wanted != null) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "region " + region
                            + " and a topology are both given: expected one of them, the topology names its regions");
        }
        boolean single = root == null || NodeDirectory.peek(root).isPresent();
        boolean nodes =
                root != null && NodeDirectory.peek(root.resolve(FIRST.name())).isPresent();
        this.several = !single && nodes || wanted != null && wanted.nodes().size() > 1;
        if (single && root != null && several) {
            throw new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "data directory " + root
                            + " belongs to a single node: open it without a topology, or choose another directory");
        }
        this.known = root == null ? Optional.empty() : NodeDirectory.peek(directory(FIRST));
    }

    /** Returns the log store that the data directory was made with. */
    Optional<String> knownWal() {
        return known.map(NodeIdentity::wal);
    }

    private Path directory(NodeId node) {
        if (root == null) {
            return Path.of("");
        }
        return several ? root.resolve(node.name()) : root;
    }

    Tidal open(
            Plugins plugins,
            NodeSettings settings,
            ReplicationSettings replication,
            long segmentBytes,
            EmbeddedTidal.Limits limits,
            Map<String, Duration> signals,
            Map<String, Duration> defaultSignals) {
        if (root != null && !plugins.walStores().durable()) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "log store \"" + plugins.walStores().name()
                            + "\" keeps nothing: expected a durable one for data directory " + root);
        }
        if (root == null && plugins.walStores().durable() && !plugins.platform().hasHomes()) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "log store \"" + plugins.walStores().name() + "\" needs a data directory: set one");
        }
        try {
            Topology nodes = wanted != null
                    ? wanted
                    : Topology.single(
                            region != null
                                    ? region
                                    : known.map(NodeIdentity::region).orElse(RegionId.of(0)));
            RegionId firstRegion = regionOf(nodes.shards(), FIRST);
            refuseForeignLegacy(firstRegion);
            boolean copied = known.isEmpty()
                    && root != null
                    && Files.exists(directory(FIRST).resolve("control"));
            Map<NodeId, NodeHome> first = new HashMap<>();
            if (root != null) {
                // The control log is in it, so it is locked before anything is read.
                first.put(FIRST, openDirectory(plugins, FIRST, firstRegion));
            }
            LoopScheduler deciding = plugins.platform().loops().scheduler("control");
            opened.push(deciding);
            ControlPlane control = openControl(plugins, nodes.nodes(), deciding);
            Decisions decisions = command -> Waiting.uninterruptibly(
                    plugins.platform().loops(), control.submit(command), WAIT_FOR_DECISION.toNanos());
            if (control.shards().isEmpty() || wanted != null || region != null) {
                decisions.make(new ClusterCommand.DefineTopology(CLUSTER, nodes.shards()));
            }
            Schema schema = declare(control, decisions, signals, defaultSignals);
            NodeLauncher launcher = new NodeLauncher(
                    plugins,
                    settings,
                    replication,
                    segmentBytes,
                    schema,
                    (node, of) -> root == null
                            ? new EphemeralHome()
                            : Objects.requireNonNullElseGet(
                                    first.remove(node), () -> openDirectory(plugins, node, of)));
            LocalCluster cluster = new LocalCluster(launcher, control.shards());
            opened.push(() -> cluster.end(LocalNode::abandon));
            EmbeddedTidal tidal = new EmbeddedTidal(control, cluster, schema, plugins, limits, deciding);
            tidal.start(copied);
            return tidal;
        } catch (RuntimeException e) {
            release(e);
            throw e;
        }
    }

    private static RegionId regionOf(List<ShardAssignment> shards, NodeId node) {
        return shards.stream()
                .filter(shard -> shard.node().equals(node))
                .findFirst()
                .orElseThrow(() -> new TidalException(
                        ErrorCode.INVALID_CONFIGURATION,
                        "topology has no shard on node " + node + ": expected nodes n0, n1, …"))
                .region();
    }

    // Segments without an identity file were written before regions existed: they are region 0's.
    private void refuseForeignLegacy(RegionId first) {
        if (root != null
                && known.isEmpty()
                && Files.isDirectory(root.resolve("wal"))
                && (first.value() != 0 || several)) {
            throw new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "data directory " + root
                            + " holds logs from before regions existed, which belong to r0:s0: expected region r0, got "
                            + first);
        }
    }

    private NodeHome openDirectory(Plugins plugins, NodeId node, RegionId nodeRegion) {
        String uuid = Long.toHexString(plugins.platform().random().nextLong())
                + Long.toHexString(plugins.platform().random().nextLong());
        NodeIdentity fresh =
                new NodeIdentity(CLUSTER, node, nodeRegion, plugins.walStores().name(), uuid, true, false);
        NodeDirectory directory = NodeDirectory.open(directory(node), fresh);
        opened.push(directory::abandon);
        return directory;
    }

    private ControlPlane openControl(Plugins plugins, List<NodeId> members, Executor proposing) {
        Path path = root == null ? null : directory(FIRST).resolve("control");
        ControlPlane control = new ControlPlane(
                plugins.controlLogs().create(new ControlLogContext(path, FIRST, List.of(members.get(0)))), proposing);
        opened.push(control);
        return control;
    }

    private static Schema declare(
            ControlPlane control,
            Decisions decisions,
            Map<String, Duration> signals,
            Map<String, Duration> defaultSignals) {
        Map<String, Duration> declared = new LinkedHashMap<>(signals);
        if (declared.isEmpty() && control.schema().isEmpty()) {
            declared.putAll(defaultSignals);
        }
        declared.forEach((name, halfLife) ->
                decisions.make(new ClusterCommand.DeclareSignal(name, EmbeddedTidal.nanos(halfLife))));
        Schema schema = new Schema();
        schema.update(control.schema());
        return schema;
    }

    /** Has something decided, and waits for it. */
    @FunctionalInterface
    private interface Decisions {

        void make(ClusterCommand command);
    }

    private void release(RuntimeException reason) {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                reason.addSuppressed(e);
            }
        }
    }
}
