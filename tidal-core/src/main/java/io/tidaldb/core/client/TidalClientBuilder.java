package io.tidaldb.core.client;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.transport.TransportTls;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.Platform;
import io.tidaldb.core.runtime.SystemPlatform;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Configures and connects a client. Not thread-safe. */
public final class TidalClientBuilder {

    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofHours(1);

    private String cluster = "";
    private String name = "app";
    private final SortedMap<NodeId, String> seeds = new TreeMap<>();
    private String transport = "netty";

    private @Nullable TransportFactory factory;

    private @Nullable Path pluginsDir;

    private @Nullable TransportTls tls;

    private Duration connectWithin = Duration.ofSeconds(10);
    private Duration readWithin = Duration.ofSeconds(10);
    private int maxOpen = 1_024;
    private Platform platform = new SystemPlatform();

    TidalClientBuilder() {}

    /** Sets the name of the cluster. Nodes of another one refuse the client. */
    public TidalClientBuilder cluster(String clusterName) {
        cluster = clusterName;
        return this;
    }

    /**
     * Sets what the client is called, for logs and certificates: several processes may share it. 1 to 40 lower-case letters, digits and
     * inner hyphens; "app" unless set.
     */
    public TidalClientBuilder name(String clientName) {
        NodeId.client(clientName, 0);
        name = clientName;
        return this;
    }

    /** Adds a node to begin with. One that is up is enough, it tells of all others; more help when it is not. */
    public TidalClientBuilder seed(NodeId node, String address) {
        seeds.put(node, address);
        return this;
    }

    /** Chooses the transport, which is the nodes'; "netty" unless set. */
    public TidalClientBuilder transport(String plugin) {
        transport = plugin;
        factory = null;
        return this;
    }

    /** Connects by transports of this factory, which need not be installed as a plugin. */
    public TidalClientBuilder transport(TransportFactory made) {
        factory = made;
        return this;
    }

    /** Looks for transports in this directory, too, as {@link io.tidaldb.core.TidalBuilder#pluginsDir}. */
    public TidalClientBuilder pluginsDir(Path directory) {
        pluginsDir = directory;
        return this;
    }

    /**
     * Proves with a certificate who the client is, and asks the nodes for theirs. It names {@code client-NAME}: by the URI
     * {@code tidal:CLUSTER/client-NAME}, or by that as a DNS name.
     */
    public TidalClientBuilder tls(TransportTls files) {
        tls = files;
        return this;
    }

    /** Sets how long {@link #connect} waits for a node, up to an hour; 10 seconds unless set. */
    public TidalClientBuilder connectWithin(Duration limit) {
        connectWithin = inRange("time to connect", limit);
        return this;
    }

    /** Sets how long a read is tried, up to an hour; 10 seconds unless set. A write says so itself. */
    public TidalClientBuilder readWithin(Duration limit) {
        readWithin = inRange("time to read", limit);
        return this;
    }

    /** Sets how many writes may be without an answer, 1 to 4,096; more are refused as OVERLOADED. 1,024 unless set. */
    public TidalClientBuilder maxOpenWrites(int writes) {
        if (writes < 1 || writes > 4_096) {
            throw TidalException.invalid(writes + " open writes are out of range: expected 1 to 4096");
        }
        maxOpen = writes;
        return this;
    }

    /** Changes what the client runs on. For simulations. */
    public TidalClientBuilder platform(Platform runsOn) {
        platform = runsOn;
        return this;
    }

    private static Duration inRange(String what, Duration value) {
        if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
            throw TidalException.invalid(
                    what + " " + value + " is out of range: expected " + SHORTEST + " to " + LONGEST);
        }
        return value;
    }

    /**
     * Connects to a node at least.
     *
     * @throws TidalException INVALID_CONFIGURATION without a cluster or a seed, or if TLS can't be used; PLUGIN_UNAVAILABLE;
     *     PEER_UNAVAILABLE if no node is reached in time
     */
    public TidalClient connect() {
        if (cluster.isEmpty() || seeds.isEmpty()) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "a client of cluster \"" + cluster + "\" with the seeds " + seeds.keySet()
                            + ": expected the cluster's name, and a node to begin with");
        }
        TransportFactory transports = factory != null
                ? factory
                : PluginCatalog.discover(pluginsDir).choose(TransportFactory.class, transport);
        NodeId self = NodeId.client(name, (int) platform.random().nextLong());
        LoopScheduler scheduler = platform.machine(self).loops().scheduler("client");
        ReplicationSettings bounds = ReplicationSettings.DEFAULT;
        NodeNetwork network;
        try {
            network = new NodeNetwork(
                    transports.create(new TransportContext(
                            self, "", bounds.messageBytes(), bounds.queueBytes(), scheduler, cluster, null, tls)),
                    scheduler,
                    bounds.messageBytes());
        } catch (TidalException e) {
            scheduler.close();
            throw e;
        }
        Cluster.Limits limits = new Cluster.Limits(connectWithin, readWithin, maxOpen);
        return new TidalClient(new Cluster(network, platform, seeds, limits)).connected();
    }
}
