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
 * All that a node is told when it starts.
 *
 * @param shards which replica is on which node; empty means shard 0 of this node's region on this node
 * @param peers the other nodes' addresses
 * @param join addresses of the nodes that run of a cluster that this one joins, which then tell it everything else; empty for a node of those with
 *     which the cluster is made
 * @param signals types to declare; empty means {@code view} and {@code like} in a new directory
 * @param tokens the file of API tokens; without one only this machine is served, and everybody on it is operator
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
        Optional<Path> tokens,
        Limits limits,
        boolean debug,
        boolean waitForInit) {

    /** Returns the other nodes that it knows when it starts. */
    public Map<NodeId, Address> others() {
        return join.isEmpty() ? peers : join;
    }

    /** Where and how clients are served. */
    public record Http(Address listen, Optional<Tls> tls) {}

    /**
     * How nodes talk to each other.
     *
     * @param advertise where others reach this node, if not where it listens
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
     */
    public record NodeTls(Path certificate, Path key, Path authorities) {}

    /**
     * Where signals are kept.
     *
     * @param durability of tenants that are created without one
     */
    public record Wal(String plugin, ByteSize segmentBytes, Durability durability, Duration groupCommitMaxWait) {}

    /** A type of signal. */
    public record SignalSettings(String name, Duration halfLife) {}

    /**
     * Bounds of the node.
     *
     * @param bodyBytes most bytes of a request's body
     * @param frameBytes most bytes of a message between nodes
     * @param connections most connections of clients at a time
     * @param headerTimeout how long the header of a request over HTTP may take
     * @param retention how long logs keep what a checkpoint holds; for ever if absent
     * @param lease for how long a node of a cluster leads without having renewed that
     * @param returnAfter how long a node must be up before it leads again what it led before it failed
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
            Duration lease,
            Duration returnAfter) {}
}
