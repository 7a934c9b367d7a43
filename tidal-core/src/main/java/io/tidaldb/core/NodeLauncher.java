package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.NodeSettings;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.Machine;
import io.tidaldb.core.wiring.Plugins;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Opens the nodes of this process, each on its own machine; what a failure leaves half open is released. */
final class NodeLauncher {

    private final Plugins plugins;
    private final NodeSettings settings;
    private final ReplicationSettings replication;
    private final long segmentBytes;
    private final Schema schema;
    private final BiFunction<NodeId, RegionId, NodeHome> homes;

    // All transports of an instance are made by one factory, so that those of one process find each other.
    private @Nullable TransportFactory transports;

    /**
     * Creates a launcher.
     *
     * @param homes opens the home of a node whose machine has none of its own
     */
    NodeLauncher(
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
        Machine machine = plugins.platform().machine(id);
        Deque<Runnable> opened = new ArrayDeque<>();
        try {
            NodeHome home = machine.home() != null ? machine.home() : homes.apply(id, region);
            opened.push(home::abandon);
            LoopFactory.BackgroundExecutor background = machine.loops().background("background-" + id);
            opened.push(background::close);
            WalStore store =
                    plugins.walStores().create(new WalStoreContext(home.path(), region, segmentBytes, background));
            opened.push(store::close);
            LoopFactory.BackgroundExecutor checkpoints = machine.loops().background("checkpoint-" + id);
            opened.push(checkpoints::close);
            Node node = new Node(id, region, home, store, background, checkpoints, settings, schema, machine.clock());
            return new LocalNode(node, replicated ? replicator(node, machine) : null, machine.loops());
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

    private Replicator replicator(Node node, Machine machine) {
        if (transports == null) {
            transports = plugins.transports().get();
        }
        LoopScheduler scheduler = machine.loops().scheduler("peers-" + node.id());
        Transport transport = transports.create(new TransportContext(
                node.id(),
                "",
                replication.messageBytes(),
                replication.queueBytes(),
                scheduler,
                node.cluster(),
                null,
                null));
        return new Replicator(node, transport, scheduler, machine.clock(), replication);
    }
}
