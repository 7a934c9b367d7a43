package io.tidaldb.core.cluster;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.transport.TransportTls;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.NodeSettings;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.Machine;
import io.tidaldb.core.wiring.Plugins;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Opens the nodes of this process, each on its own machine; what a failure leaves half open is released. */
public final class NodeLauncher {

    /** What a store does off its committing thread is waiting for the disk, for the most part. */
    private static final int STORE_THREADS = 4;

    private final Plugins plugins;
    private final NodeSettings settings;
    private final ReplicationSettings replication;
    private final long segmentBytes;
    private final Schema schema;
    private final BiFunction<NodeId, RegionId, NodeHome> homes;

    private final Map<NodeId, Connected> connected = new HashMap<>();

    // All transports of an instance are made by one factory, so that those of one process find each other.
    private @Nullable TransportFactory transports;

    /**
     * Creates a launcher.
     *
     * @param homes opens the home of a node whose machine has none of its own
     */
    public NodeLauncher(
            Plugins plugins,
            NodeSettings settings,
            ReplicationSettings replication,
            long segmentBytes,
            Schema schema,
            BiFunction<NodeId, RegionId, NodeHome> homes) {
        this.plugins = plugins;
        this.settings = settings;
        this.replication = replication;
        this.segmentBytes = segmentBytes;
        this.schema = schema;
        this.homes = homes;
    }

    /**
     * Opens a node.
     *
     * @param replicated whether it shares shards with other nodes
     */
    LocalNode open(NodeId id, RegionId region, boolean replicated) {
        Connected early = connected.remove(id);
        Machine machine = early != null ? early.machine : plugins.platform().machine(id);
        Deque<Runnable> opened = new ArrayDeque<>();
        try {
            NodeHome home = machine.home() != null ? machine.home() : homes.apply(id, region);
            opened.push(home::abandon);
            LoopFactory.BackgroundExecutor background = machine.loops().background("background-" + id, STORE_THREADS);
            opened.push(background::close);
            WalStore store =
                    plugins.walStores().create(new WalStoreContext(home.path(), region, segmentBytes, background));
            opened.push(store::close);
            LoopFactory.BackgroundExecutor checkpoints = machine.loops().background("checkpoint-" + id);
            opened.push(checkpoints::close);
            Node node = new Node(id, region, home, store, background, checkpoints, settings, schema, machine.clock());
            NodeNetwork network = early != null ? early.network : null;
            if (network == null && replicated) {
                network = network(id, machine, "", null, null);
            }
            Replicator replicator = replicated && network != null
                    ? new Replicator(node, network.replication(), network.scheduler(), machine.clock(), replication)
                    : null;
            return new LocalNode(node, network, replicator, machine.loops());
        } catch (RuntimeException e) {
            opened.forEach(release -> {
                try {
                    release.run();
                } catch (RuntimeException failure) {
                    e.addSuppressed(failure);
                }
            });
            throw e;
        }
    }

    /**
     * Makes the end of a node's network before the node is opened, and begins to listen: the control log needs it to be there.
     *
     * @param refusals is told of everybody who asks for a link and is refused
     * @return what ends with the node, unless it is never opened
     */
    public NodeNetwork connect(ClusterMember member, BiConsumer<String, PeerRefusal> refusals) {
        Machine machine = plugins.platform().machine(member.node());
        NodeNetwork network = network(member.node(), machine, member.listen(), member.advertise(), member.tls());
        connected.put(member.node(), new Connected(machine, network));
        network.onRefused(refusals);
        network.start();
        member.peers().forEach(network::addPeer);
        return network;
    }

    /** Returns the home that the machine of a node that was connected has of its own; null if it has none. */
    public @Nullable NodeHome home(NodeId id) {
        return Objects.requireNonNull(connected.get(id)).machine.home();
    }

    /** Returns the threads of a node that was connected and is not opened yet. */
    public LoopFactory loops(NodeId id) {
        return Objects.requireNonNull(connected.get(id)).machine.loops();
    }

    private NodeNetwork network(
            NodeId id, Machine machine, String listen, @Nullable String advertise, @Nullable TransportTls tls) {
        if (transports == null) {
            transports = plugins.transports().get();
        }
        LoopScheduler scheduler = machine.loops().scheduler("peers-" + id);
        Transport transport = transports.create(new TransportContext(
                id,
                listen,
                replication.messageBytes(),
                replication.queueBytes(),
                scheduler,
                settings.cluster(),
                advertise,
                tls));
        return new NodeNetwork(transport, scheduler, replication.messageBytes());
    }

    /** What is there of a node before it is opened. */
    private record Connected(Machine machine, NodeNetwork network) {}
}
