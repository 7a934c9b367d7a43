package io.tidaldb.core.embedded;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.AuditJournal;
import io.tidaldb.core.audit.Provenance;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.LocalNode;
import io.tidaldb.core.cluster.NodeLauncher;
import io.tidaldb.core.cluster.PeerLinks;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlMarks;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.directory.EphemeralHome;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.directory.NodeIdentity;
import io.tidaldb.core.ingest.NodeSettings;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.membership.Admission;
import io.tidaldb.core.membership.Agreement;
import io.tidaldb.core.membership.Entry;
import io.tidaldb.core.membership.Founders;
import io.tidaldb.core.membership.MarkExchange;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.wiring.Plugins;
import java.io.IOException;
import java.nio.file.DirectoryStream;
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
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where an instance lives and which nodes it has: a single node in the data directory itself, or several in {@code DIR/n0}, {@code DIR/n1}
 * and so on, with the control log of all of them in the first. Opens them in order, and in case of failure releases what it has opened.
 */
public final class Deployment {

    /** The name of a cluster that has none. */
    public static final String CLUSTER = "tidal";

    private static final String AUDIT = "audit";
    private static final NodeId ALONE = NodeId.of("n0");

    private final @Nullable Path root;
    private final @Nullable RegionId region;
    private final @Nullable Topology wanted;
    private final @Nullable ClusterMember member;
    private final NodeId first;
    private final boolean several;
    private final Optional<NodeIdentity> known;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** Looks at what is there already, and refuses what does not go with it. */
    public Deployment(
            @Nullable Path root, @Nullable RegionId region, @Nullable Topology wanted, @Nullable ClusterMember member) {
        this.member = member;
        this.first = member == null ? ALONE : member.node();
        this.root = root;
        this.region = region;
        this.wanted = wanted;
        if (region != null && wanted != null) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "region " + region
                            + " and a topology are both given: expected one of them, the topology names its regions");
        }
        if (member != null) {
            checkMember(member, wanted);
        }
        boolean single = root == null || NodeDirectory.peek(root).isPresent();
        boolean nodes =
                root != null && NodeDirectory.peek(root.resolve(first.name())).isPresent();
        this.several = member == null
                && (!single && nodes || wanted != null && wanted.nodes().size() > 1);
        if (single && root != null && several) {
            throw new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "data directory " + root
                            + " belongs to a single node: open it without a topology, or choose another directory");
        }
        this.known = root == null ? Optional.empty() : NodeDirectory.peek(directory(first));
    }

    private static void checkMember(ClusterMember member, @Nullable Topology wanted) {
        if (member.joins()) {
            if (wanted != null) {
                throw new TidalException(
                        ErrorCode.INVALID_CONFIGURATION,
                        "node " + member.node() + " joins a cluster and is given a topology: expected only its region,"
                                + " the cluster has the topology");
            }
            return;
        }
        if (wanted == null
                || !wanted.nodes().contains(member.node())
                || !member.nodes().containsAll(wanted.nodes())) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "node " + member.node() + " of cluster " + member.cluster() + " knows the nodes " + member.nodes()
                            + ", and the topology has shards on "
                            + (wanted == null ? "none" : wanted.nodes().toString())
                            + ": expected a topology with a shard on this node, and an address for each of its nodes");
        }
    }

    /** Returns the log store that the data directory was made with. */
    public Optional<String> knownWal() {
        return known.map(NodeIdentity::wal);
    }

    private Path directory(NodeId node) {
        if (root == null) {
            return Path.of("");
        }
        return several ? root.resolve(node.name()) : root;
    }

    /** Opens all nodes, and what they serve. */
    public Tidal open(
            Plugins plugins,
            NodeSettings settings,
            ReplicationSettings replication,
            long segmentBytes,
            Limits limits,
            BiConsumer<String, PeerRefusal> refusals,
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
            RegionId firstRegion = joins() ? nodes.shards().get(0).region() : regionOf(nodes.shards(), first);
            refuseForeignLegacy(firstRegion);
            boolean copied = known.isEmpty()
                    && root != null
                    && Files.exists(directory(first).resolve("control"));
            Map<NodeId, NodeHome> homes = new HashMap<>();
            if (root != null) {
                // The control log is in it, so it is locked before anything is read.
                homes.put(first, openDirectory(plugins, first, firstRegion));
            }
            Schema schema = new Schema();
            NodeLauncher launcher = new NodeLauncher(
                    plugins,
                    settings,
                    replication,
                    segmentBytes,
                    schema,
                    (node, of) -> root == null
                            ? new EphemeralHome()
                            : Objects.requireNonNullElseGet(
                                    homes.remove(node), () -> openDirectory(plugins, node, of)));
            NodeNetwork network =
                    member == null || member.peers().isEmpty() ? null : launcher.connect(member, refusals);
            if (network != null) {
                opened.push(network);
            }
            LoopFactory loops = network == null ? plugins.platform().loops() : launcher.loops(first);
            NodeHome own = homes.get(first);
            NodeHome home = own == null && network != null ? launcher.home(first) : own;
            ControlMarks marks = new ControlMarks(first, home);
            Admission admission = network == null || own == null
                    ? null
                    : admission(Objects.requireNonNull(member), firstRegion, own.identityUuid(), network);
            MarkExchange exchange = network == null
                    ? null
                    : new MarkExchange(
                            Objects.requireNonNull(member),
                            network,
                            marks,
                            admission == null ? () -> "" : admission::cluster,
                            plugins.platform().random().nextLong());
            boolean returns = admission == null ? !joins() || !marks.isEmpty() : admission.isFounded();
            if (admission != null && network != null) {
                new Entry(
                                Objects.requireNonNull(member),
                                admission,
                                network,
                                plugins.platform().loops(),
                                limits.init())
                        .await();
            }
            LoopScheduler deciding = loops.scheduler("control");
            opened.push(deciding);
            Supplier<ControlLog> opening = () -> openLog(plugins, network, admission, marks);
            ControlLog log = exchange != null && returns
                    ? exchange.open(plugins.platform().loops(), deciding, opening)
                    : opening.get();
            ControlPlane control = control(plugins, log, deciding, marks);
            if (exchange != null) {
                exchange.start(control, deciding);
            }
            if (admission != null) {
                admission.decideBy(control);
            }
            Agreement agreement = new Agreement(plugins.platform().loops(), member, network, admission);
            if (network != null) {
                PeerLinks.follow(Objects.requireNonNull(member), network, control.nodes());
            }
            decide(agreement, control, nodes, signals, defaultSignals);
            if (network != null) {
                String identity = home != null ? home.identityUuid() : "";
                register(agreement, control, firstRegion, identity, network.address());
            }
            sayVersion(agreement, control);
            schema.update(control.schema());
            LocalCluster cluster = new LocalCluster(launcher, member, control.shards(), control.nodes());
            opened.push(() -> cluster.end(LocalNode::abandon));
            EmbeddedTidal tidal = new EmbeddedTidal(control, cluster, schema, plugins, limits, deciding, network);
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

    /** One that finds nothing of what it may have promised to others has to ask them. */
    private Admission admission(ClusterMember self, RegionId of, String identity, NodeNetwork network) {
        Path home = directory(first);
        Path promises = home.resolve("control");
        boolean known;
        try (DirectoryStream<Path> files = Files.isDirectory(promises) ? Files.newDirectoryStream(promises) : null) {
            known = files != null && files.iterator().hasNext();
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, "directory " + promises + " can't be read: " + e, e);
        }
        return new Admission(self.node(), of, identity, network, new Founders(home), known);
    }

    private NodeHome openDirectory(Plugins plugins, NodeId node, RegionId nodeRegion) {
        String uuid = Long.toHexString(plugins.platform().random().nextLong())
                + Long.toHexString(plugins.platform().random().nextLong());
        NodeIdentity fresh = new NodeIdentity(
                clusterName(), node, nodeRegion, plugins.walStores().name(), uuid, true, false);
        NodeDirectory directory = NodeDirectory.open(directory(node), fresh);
        opened.push(directory::abandon);
        return directory;
    }

    private ControlLog openLog(
            Plugins plugins, @Nullable NodeNetwork network, @Nullable Admission admission, ControlMarks marks) {
        Path path = root == null ? null : directory(first).resolve("control");
        ControlLogContext context = member == null || network == null
                ? new ControlLogContext(path, first, List.of(first), "", null, marks.of(first))
                : new ControlLogContext(
                        path, first, founders(member), cluster(member, admission), network.control(), marks.of(first));
        return plugins.controlLogs().create(context);
    }

    private ControlPlane control(Plugins plugins, ControlLog log, Executor proposing, ControlMarks marks) {
        Clock clock = plugins.platform().clock();
        Actor self = Actor.node(first);
        AuditJournal journal = null;
        ControlPlane control;
        try {
            journal = root == null ? null : AuditJournal.open(directory(first).resolve(AUDIT));
            control = new ControlPlane(
                    log,
                    proposing,
                    journal,
                    marks,
                    () -> new Provenance(
                            self, Duration.ofNanos(clock.wallNanos()).toMillis()),
                    plugins.platform().release());
        } catch (RuntimeException e) {
            log.close();
            if (journal != null) {
                journal.close();
            }
            throw e;
        }
        opened.push(control);
        return control;
    }

    // As far as the member knows.
    private static List<NodeId> founders(ClusterMember member) {
        return member.joins() ? List.copyOf(member.peers().keySet()) : member.nodes();
    }

    // Two clusters may have one name, and the same nodes: they have nothing to decide together.
    private static String cluster(ClusterMember member, @Nullable Admission admission) {
        String made = admission == null ? "" : admission.cluster();
        return made.isEmpty() ? member.cluster() : member.cluster() + "/" + made;
    }

    /** Has decided what is not decided yet; what others decided meanwhile is known here afterwards. */
    private void decide(
            Agreement agreement,
            ControlPlane control,
            Topology nodes,
            Map<String, Duration> signals,
            Map<String, Duration> defaultSignals) {
        if (member != null) {
            agreement.await(control::catchUp);
        }
        boolean defined = !control.shards().isEmpty();
        // One that joins is told which node has which shard.
        if (!joins() && (!defined || wanted != null && !sameTopology(control, nodes) || region != null)) {
            agreement.await(() -> control.submit(new ClusterCommand.DefineTopology(clusterName(), nodes.shards())));
        }
        if (!joins()
                && !defined
                && control.finalized().isBefore(control.release().version())) {
            // A new cluster has nothing to go back to.
            agreement.await(() -> control.submit(new ClusterCommand.FinalizeUpgrade(
                    control.release().version().releaseText())));
        }
        Map<String, Duration> declared = new LinkedHashMap<>(signals);
        if (declared.isEmpty() && control.schema().isEmpty()) {
            declared.putAll(defaultSignals);
        }
        declared.forEach((name, halfLife) ->
                agreement.await(() -> control.submit(new ClusterCommand.DeclareSignal(name, Clock.nanos(halfLife)))));
    }

    /** Says who this node is: one that has lost its directory, or was removed, is refused here. */
    private void register(Agreement agreement, ControlPlane control, RegionId own, String identity, String address) {
        boolean known = control.nodes().stream()
                .anyMatch(each -> each.node().equals(first)
                        && !each.removed()
                        && each.region().equals(own)
                        && each.identity().equals(identity)
                        && each.address().equals(address));
        if (!known && !identity.isEmpty()) {
            agreement.await(() -> control.submit(new ClusterCommand.RegisterNode(first, own, identity, address)));
        }
    }

    /** Says what this node runs, if that is another release than before: one that the cluster does not take is refused here. */
    private void sayVersion(Agreement agreement, ControlPlane control) {
        Release release = control.release();
        release.check("node " + first, control.finalized());
        if (!control.version(first).release().equals(release.version().release())) {
            agreement.await(() -> control.submit(new ClusterCommand.NodeVersion(
                    first, release.version().toString(), release.oldest().toString())));
        }
    }

    // What is defined already needs no decision; a difference is refused by one.
    private static boolean sameTopology(ControlPlane control, Topology nodes) {
        return control.shards().equals(nodes.shards());
    }

    private boolean joins() {
        return member != null && member.joins();
    }

    private String clusterName() {
        return member == null ? CLUSTER : member.cluster();
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
