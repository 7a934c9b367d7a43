package io.tidaldb.server.node;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.TransportTls;
import io.tidaldb.core.ClusterInit;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.server.auth.AccessLog;
import io.tidaldb.server.auth.Attempt;
import io.tidaldb.server.config.Address;
import io.tidaldb.server.config.NodeConfiguration;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Opens the store that a configuration describes. */
final class Store {

    private Store() {}

    static Tidal open(NodeConfiguration configuration, ClusterInit init, AccessLog access) {
        refuse(configuration);
        NodeConfiguration.Limits limits = configuration.limits();
        TidalBuilder builder = Tidal.builder()
                .dataDir(configuration.dataDir())
                .wal(configuration.wal().plugin())
                .segmentBytes(configuration.wal().segmentBytes().bytes())
                .maxFuture(limits.maxFuture())
                .idempotencyHorizon(limits.idempotencyHorizon())
                .retentionMax(limits.retentionMax())
                .scrub(limits.scrubInterval(), limits.scrubBytesPerSec().bytes())
                .lease(limits.lease())
                .returnAfter(limits.returnAfter())
                .migrationLatencyFactor(limits.migrationLatencyFactor())
                .queueBytesPerTenant(limits.queueBytesPerTenant().bytes());
        limits.retention().ifPresent(builder::retention);
        configuration.pluginsDir().ifPresent(builder::pluginsDir);
        builder.keyVault(configuration.keys().plugin())
                .keyCheck(configuration.keys().checkEvery());
        configuration.keys().dir().ifPresent(builder::keys);
        configuration.signals().forEach(signal -> builder.signal(signal.name(), signal.halfLife()));
        if (configuration.signals().isEmpty()) {
            builder.defaultSignal("view", Duration.ofDays(7)).defaultSignal("like", Duration.ofDays(30));
        }
        if (configuration.join().isEmpty()) {
            builder.topology(topology(configuration));
        } else {
            builder.region(configuration.region());
        }
        builder.member(member(configuration));
        builder.refusedPeers((from, why) -> access.note(new Attempt(
                new Actor("nobody", from),
                false,
                why == PeerRefusal.REQUEST ? "REQUEST node" : "CONNECT node",
                null,
                null,
                "PEER_REFUSED",
                why.name())));
        if (configuration.waitForInit()) {
            builder.init(init);
        }
        builder.transport(configuration.transport().plugin());
        return builder.open();
    }

    // Without a word on shards, the node has one, in its own region.
    private static Topology topology(NodeConfiguration configuration) {
        return configuration.shards().isEmpty()
                ? new Topology(
                        List.of(new ShardAssignment(ShardId.of(0), configuration.region(), configuration.node())))
                : new Topology(configuration.shards());
    }

    private static ClusterMember member(NodeConfiguration configuration) {
        NodeConfiguration.Transport transport = configuration.transport();
        SortedMap<NodeId, String> peers = new TreeMap<>();
        configuration.others().forEach((peer, address) -> peers.put(peer, address.toString()));
        return new ClusterMember(
                configuration.cluster(),
                configuration.node(),
                transport.listen().toString(),
                transport.advertise().map(Address::toString).orElse(null),
                transport
                        .tls()
                        .map(tls -> new TransportTls(
                                tls.certificate(),
                                tls.key(),
                                tls.authorities(),
                                tls.clientAuthorities().orElse(null)))
                        .orElse(null),
                peers,
                !configuration.join().isEmpty());
    }

    private static void refuse(NodeConfiguration configuration) {
        configuration.shards().stream()
                .filter(shard -> shard.node().equals(configuration.node())
                        && !shard.region().equals(configuration.region()))
                .findFirst()
                .ifPresent(shard -> {
                    throw new TidalException(
                            ErrorCode.INVALID_CONFIGURATION,
                            "shard " + shard.replica() + " is on node " + configuration.node() + ", which is in region "
                                    + configuration.region() + ": expected the shard in the node's region");
                });
        if (!configuration.wal().groupCommitMaxWait().isZero()) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "wal.group_commit_max_wait is " + configuration.wal().groupCommitMaxWait()
                            + ": this version commits what is there without waiting for more; leave it out");
        }
    }
}
