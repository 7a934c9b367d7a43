package io.tidaldb.server.config;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.placement.ShardAssignment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that a node is told when it starts. What the components mean is in {@code docs/configuration.md}, too, which is made from here.
 *
 * @param cluster name of the cluster, 1 to 63 letters, digits, dots, underscores and hyphens; nodes of different clusters refuse each other
 * @param node the node's name in its cluster
 * @param region where it is, a number
 * @param dataDir its directory
 * @param http where and how clients are served
 * @param transport how nodes talk to each other
 * @param wal where signals are kept
 * @param peers the other nodes' addresses
 * @param join addresses of the nodes that run of a cluster that this one joins, which then tell it everything else; empty for a node of those
 *     with which the cluster is made
 * @param shards which replica is on which node; empty means shard 0 of this node's region on this node
 * @param signals types to declare; empty means {@code view} and {@code like} in a new directory. {@code windows}, if an item has it, is
 *     {@code [1h, 24h, 7d]}
 * @param pluginsDir a directory with plugins that are not on the class path
 * @param keys where the master keys are with which encrypted tenants' keys are wrapped
 * @param tokens the file of API tokens; without one only this machine is served, and everybody on it is operator
 * @param limits bounds of the node
 * @param debug whether faults may be injected
 * @param waitForInit whether a new cluster is made only when somebody says so, rather than by a majority of new nodes
 */
public record NodeConfiguration(
        String cluster,
        NodeId node,
        RegionId region,
        Path dataDir,
        Http http,
        Transport transport,
        Wal wal,
        Map<NodeId, Address> peers,
        Map<NodeId, Address> join,
        List<ShardAssignment> shards,
        List<SignalSettings> signals,
        Optional<Path> pluginsDir,
        Keys keys,
        Optional<Path> tokens,
        Limits limits,
        boolean debug,
        boolean waitForInit) {

    /** Returns the other nodes that it knows when it starts. */
    public Map<NodeId, Address> others() {
        return join.isEmpty() ? peers : join;
    }

    /**
     * Where and how clients are served.
     *
     * @param listen the address of the HTTP interface; beyond this machine only with {@code http.tls} and {@code auth.tokens}. Port 0 is any free one
     * @param tls its certificate; without one it is served without TLS
     */
    public record Http(Address listen, Optional<Tls> tls) {}

    /**
     * How nodes talk to each other.
     *
     * @param plugin the transport's name
     * @param listen where others reach this node; beyond this machine only with {@code transport.tls}
     * @param advertise where others reach this node, if not where it listens
     * @param tls how nodes prove to each other who they are
     */
    public record Transport(String plugin, Address listen, Optional<Address> advertise, Optional<NodeTls> tls) {}

    /**
     * A certificate with its key.
     *
     * @param keystore a PKCS #12 file
     * @param passwordFile a file whose first line is the keystore's password
     */
    public record Tls(Path keystore, Path passwordFile) {}

    /**
     * How nodes prove to each other who they are; all files are PEM.
     *
     * @param certificate the node's certificate, then those between it and an authority
     * @param key its private key, PKCS #8
     * @param authorities who may name nodes
     * @param clientAuthorities who may name clients, and no nodes; without it {@code authorities} name both
     */
    public record NodeTls(Path certificate, Path key, Path authorities, Optional<Path> clientAuthorities) {}

    /**
     * Where signals are kept.
     *
     * @param plugin the log store's name
     * @param segmentBytes size at which a file of a log is closed and the next one begun, 4 KiB to 1 GiB
     * @param durability that of tenants that are created without one
     * @param groupCommitMaxWait how long a commit waits for more writes; this version knows {@code 0ms} only: it takes what is there
     */
    public record Wal(String plugin, ByteSize segmentBytes, Durability durability, Duration groupCommitMaxWait) {}

    /**
     * Where master keys are.
     *
     * @param plugin the key vault's name
     * @param dir what the vault is given: a directory of master keys; without it no tenant can be encrypted
     * @param checkEvery how often it is looked whether master keys are still there, 10 ms to a minute: a tenant whose master key is gone is
     *     suspended after that
     * @param encryptByDefault whether a tenant is encrypted if nothing is said when it is created
     */
    public record Keys(String plugin, Optional<Path> dir, Duration checkEvery, boolean encryptByDefault) {}

    /** A type of signal. */
    public record SignalSettings(String name, Duration halfLife) {}

    /**
     * Bounds of the node.
     *
     * @param maxFuture how far ahead of this machine's clock the time of an event may be
     * @param idempotencyHorizon how long idempotency keys are remembered
     * @param queueBytesPerTenant most bytes of one tenant's writes that wait for a commit
     * @param bodyBytes most bytes of a request's body, 1 KiB to 256 MiB
     * @param frameBytes most bytes of a message between nodes, 64 KiB to 64 MiB
     * @param connections most connections of clients at a time, 1 to 999,999
     * @param headerTimeout how long the header of a request over HTTP may take, 100 ms to 5 minutes
     * @param retention how long logs keep what a checkpoint holds; for ever if absent
     * @param retentionMax how long logs keep what a follower that is away lacks, if there is a retention; it gets a snapshot after that
     * @param scrubInterval how often what the node holds is read again to find damage, 0 for never, up to 365 days
     * @param scrubBytesPerSec how fast at most, 4 KiB or more
     * @param lease for how long a node of a cluster leads without having renewed that, 200 ms to a minute
     * @param returnAfter how long a node must be up before it leads again what it led before it failed, up to a day
     * @param degradedLag how far behind a region's replicas may be before it shows as degraded, 1 ms to a day
     * @param offlineAfter for how long nothing is heard of a region before it shows as offline, 1 ms to a day
     * @param migrationLatencyFactor by how much the p99 of acknowledging writes may grow while a tenant is copied to the node or from it, 1 to
     *     100; 0 for no bound
     */
    public record Limits(
            Duration maxFuture,
            Duration idempotencyHorizon,
            ByteSize queueBytesPerTenant,
            ByteSize bodyBytes,
            ByteSize frameBytes,
            int connections,
            Duration headerTimeout,
            Optional<Duration> retention,
            Duration retentionMax,
            Duration scrubInterval,
            ByteSize scrubBytesPerSec,
            Duration lease,
            Duration returnAfter,
            Duration degradedLag,
            Duration offlineAfter,
            double migrationLatencyFactor) {}
}
