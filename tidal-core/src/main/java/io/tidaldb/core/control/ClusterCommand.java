package io.tidaldb.core.control;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A decision that is proposed to the control log. It holds numbers, never a tenant's text: labels live in the tenant's own log. */
public sealed interface ClusterCommand {

    /** Returns whose record it changes; null if it is no tenant's. */
    default @Nullable TenantId tenant() {
        return null;
    }

    /** The nodes and shards of a new cluster. Refused if there are others already. */
    record DefineTopology(String cluster, List<ShardAssignment> shards) implements ClusterCommand {}

    /** A type of signal. The reply's value is its index. */
    record DeclareSignal(String name, long halfLifeNanos) implements ClusterCommand {}

    /**
     * A tenant with its materialised placement.
     *
     * @param config its label is not kept
     * @param digestSeed the key of the tenant's state digests
     */
    record CreateTenant(TenantConfig config, List<ReplicaId> placement, long digestSeed) implements ClusterCommand {

        @Override
        public TenantId tenant() {
            return config.id();
        }
    }

    /** Other limits and durability for a tenant. */
    record UpdateTenant(TenantConfig config) implements ClusterCommand {

        @Override
        public TenantId tenant() {
            return config.id();
        }
    }

    /**
     * Another replica of a slot takes its writes from now on, in a new epoch and a new incarnation. The reply's value is the incarnation.
     *
     * @param leader a replica of one of the tenant's shards
     */
    record Promote(TenantId tenant, ReplicaId leader) implements ClusterCommand {}

    /** The end of a tenant. */
    record DeleteTenant(TenantId tenant) implements ClusterCommand {}

    /** The next incarnation for a writer of {@code region:shard} whose past is not certain. The reply's value is the incarnation. */
    record GrantIncarnation(ReplicaId replica) implements ClusterCommand {}
}
