package io.tidaldb.server.node;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.server.config.NodeConfiguration;
import java.time.Duration;

/** Opens the store that a configuration describes. */
final class Store {

    private static final NodeId ONLY = NodeId.of("n0");

    private Store() {}

    static Tidal open(NodeConfiguration configuration) {
        refuseSeveralNodes(configuration);
        NodeConfiguration.Limits limits = configuration.limits();
        TidalBuilder builder = Tidal.builder()
                .dataDir(configuration.dataDir())
                .wal(configuration.wal().plugin())
                .segmentBytes(configuration.wal().segmentBytes().bytes())
                .maxFuture(limits.maxFuture())
                .idempotencyHorizon(limits.idempotencyHorizon())
                .retentionMax(limits.retentionMax())
                .queueBytesPerTenant(limits.queueBytesPerTenant().bytes());
        limits.retention().ifPresent(builder::retention);
        configuration.pluginsDir().ifPresent(builder::pluginsDir);
        configuration.signals().forEach(signal -> builder.signal(signal.name(), signal.halfLife()));
        if (configuration.signals().isEmpty()) {
            builder.defaultSignal("view", Duration.ofDays(7)).defaultSignal("like", Duration.ofDays(30));
        }
        if (configuration.shards().isEmpty()) {
            builder.region(configuration.region());
        } else {
            builder.topology(new Topology(configuration.shards()));
        }
        return builder.open();
    }

    /** The one place that stands between a configuration of several processes and this version, which runs one. */
    private static void refuseSeveralNodes(NodeConfiguration configuration) {
        boolean others =
                configuration.shards().stream().anyMatch(shard -> !shard.node().equals(configuration.node()));
        if (!configuration.peers().isEmpty()
                || others
                || !configuration.node().equals(ONLY)
                || !configuration.wal().groupCommitMaxWait().isZero()) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "node " + configuration.node()
                            + " is configured with peers, with shards on other nodes, under another"
                            + " name than " + ONLY + ", or with wal.group_commit_max_wait: this version runs one node, "
                            + ONLY + ", for each process; leave them out");
        }
    }
}
