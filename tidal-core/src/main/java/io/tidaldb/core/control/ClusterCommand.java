package io.tidaldb.core.control;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.key.WrappedKey;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** A decision that is proposed to the control log. It holds numbers, never a tenant's text: labels live in the tenant's own log. */
public sealed interface ClusterCommand {

    /** Returns whose record it changes; null if it is no tenant's. */
    default @Nullable TenantId tenant() {
        return null;
    }

    /** Returns the tenants whose records it changes; empty if there are none, or nobody can tell which. */
    default List<TenantId> changed() {
        TenantId one = tenant();
        return one == null ? List.of() : List.of(one);
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

    /**
     * Other limits and durability for a tenant.
     *
     * @param config who holds the tenant does not change, whatever it says: that is for {@link ChangeReplicas}
     */
    record UpdateTenant(TenantConfig config) implements ClusterCommand {

        @Override
        public TenantId tenant() {
            return config.id();
        }
    }

    /**
     * Another replica of a slot takes its writes from now on, in a new epoch and a new incarnation, and is preferred. The reply's value is
     * the incarnation.
     *
     * @param leader a replica of one of the tenant's shards
     */
    record Promote(TenantId tenant, ReplicaId leader) implements ClusterCommand {}

    /** The end of a tenant. */
    record DeleteTenant(TenantId tenant) implements ClusterCommand {}

    /** The next incarnation for a writer of {@code region:shard} whose past is not certain. The reply's value is the incarnation. */
    record GrantIncarnation(ReplicaId replica) implements ClusterCommand {}

    /**
     * A node goes on to lead what it leads. The reply's value is the next sequence. Refused if the sequence is another one by now: then
     * somebody has taken over from it.
     *
     * @param sequence what the state has for the node
     * @param lengthNanos for how long the node counts on it, from when it proposed this
     */
    record RenewLease(NodeId node, long sequence, long lengthNanos) implements ClusterCommand {}

    /**
     * Others lead what a node led that has let its lease run out, or gives it back. The reply's value is the next sequence. Refused if the
     * node has renewed its lease since it was looked at; a slot that is led by another node by now stays as it is. All that one replica comes to
     * lead it writes in one new incarnation.
     *
     * @param sequence the node's, after which it was waited for
     * @param preferring whether those that lead next are preferred from now on
     */
    record TakeOver(NodeId from, long sequence, List<Promote> promotions, boolean preferring)
            implements ClusterCommand {

        /** Copies the list. */
        public TakeOver {
            promotions = List.copyOf(promotions);
        }
    }

    /**
     * The replica that leads a slot is preferred from now on. Refused if another one leads it by now.
     *
     * @param leader the replica
     */
    record Prefer(TenantId tenant, ReplicaId leader) implements ClusterCommand {}

    /** Many tenants at once, each created or refused by itself. The reply has one for each, in order. */
    record CreateTenants(List<CreateTenant> tenants) implements ClusterCommand {

        /** Copies the list. */
        public CreateTenants {
            tenants = List.copyOf(tenants);
        }

        @Override
        public List<TenantId> changed() {
            return tenants.stream().map(CreateTenant::tenant).toList();
        }
    }

    // Nodes

    /** Says which nodes there are, or where they are reached. */
    sealed interface OfNodes extends ClusterCommand {}

    /** A node has been opened: which data directory it has, and where it is reached. Refused if it has another one than before. */
    record RegisterNode(NodeId node, RegionId region, String identity, String address) implements OfNodes {}

    /** A node without replicas is part of the cluster from now on. */
    record AddNode(NodeId node, RegionId region, String address) implements OfNodes {}

    /** A node is no part of the cluster any more, for good. Refused while it has replicas. */
    record RemoveNode(NodeId node) implements OfNodes {}

    /**
     * Another node has the replicas of one that is gone for good, and fills them. Refused while the one that is gone leads anything.
     *
     * @param with a node that is not known yet, or one of the same region without replicas
     */
    record ReplaceNode(NodeId node, NodeId with, String address) implements OfNodes {}

    /** Replicas that a node was given hold by now whatever a majority had acknowledged before. */
    record ReplicasFilled(NodeId node, List<ReplicaId> replicas) implements ClusterCommand {

        /** Copies the list. */
        public ReplicasFilled {
            replicas = List.copyOf(replicas);
        }
    }

    // Backups

    /**
     * A tenant that is being restored from a backup, which nobody sees yet. The reply's value is the first incarnation of its logs: as many
     * follow in which nobody has written or ever will but the restore.
     *
     * @param create as for a new one
     * @param origins how many origins the restored logs of a slot have, at most
     * @param epoch of the tenant that was backed up; this one begins above it
     */
    record RestoreTenant(CreateTenant create, int origins, long epoch) implements ClusterCommand {

        @Override
        public TenantId tenant() {
            return create.tenant();
        }
    }

    /** A tenant that was being restored is whole. */
    record FinishRestore(TenantId tenant) implements ClusterCommand {}

    // Upgrades

    /**
     * A node is to be taken out of service. Refused while another one is, or comes back.
     *
     * @param timeoutMillis how long it may take until it is undone
     * @param atMillis when it was proposed
     */
    record DrainNode(NodeId node, boolean allowUnavailable, long timeoutMillis, long atMillis)
            implements ClusterCommand {}

    /**
     * A node that is drained, or about to be, comes back into service.
     *
     * @param reason why draining is given up; empty if somebody wanted it so
     */
    record RejoinNode(NodeId node, String reason, long atMillis) implements ClusterCommand {}

    /** A node has done what it was to do. Refused if it was to do something else. */
    record UpgradeStep(NodeId node, UpgradePhase to, long atMillis) implements ClusterCommand {}

    // Erasures

    /**
     * Nothing of a deleted tenant is in any file of a node. Not one of the tenant's own commands: it has none any more.
     *
     * @param life tells it from others with its id
     * @param atMillis when, by the node's clock
     */
    record ConfirmErasure(TenantId erased, long life, NodeId node, long atMillis) implements ClusterCommand {}

    /**
     * What a replica holds of a tenant was found to be damaged, or what was done about that; it is in the audit log.
     *
     * @param what places and numbers, nobody's text
     * @param lost whether what it names is gone for good; then the tenant goes on to say so
     */
    record ReportDamage(TenantId tenant, ReplicaId replica, String what, boolean lost) implements ClusterCommand {}

    // Drills

    /** What is said about practising the loss of a region for a tenant. */
    sealed interface OfDrill extends ClusterCommand {

        /** Returns what is known of the drill. */
        DrillRecord drill();

        @Override
        default TenantId tenant() {
            return drill().tenant();
        }
    }

    /** A drill begins. Refused while the tenant has another one, its replicas move, or a node is being upgraded. */
    record BeginDrill(DrillRecord drill) implements OfDrill {}

    /** A drill is over. Refused if another one has begun since. */
    record EndDrill(DrillRecord drill) implements OfDrill {}

    /** A token is not valid any more, on any node. */
    record RevokeToken(String token) implements ClusterCommand {}

    /** An entity of a tenant is to be erased. The reply's value is the erasure's number. */
    record EraseEntity(TenantId tenant, long entity, long atMillis) implements ClusterCommand {}

    /**
     * Nothing that an erasure of an entity ruled out is in any file of a node. Refused if slots of the tenant have come to nodes since the node
     * looked, or another node has had more of their logs, which may still come to this one: then it has to look again.
     *
     * @param round of the erasure when the node looked which slots it has
     * @param through where the erasure stands in the logs of the slots that the node has: printed positions
     * @param closed what of the slots' logs the node has had that may still grow where it is away, by slot
     */
    record ConfirmEntityErasure(
            long number,
            long round,
            NodeId node,
            List<String> through,
            SortedMap<Integer, ClosedLogs> closed,
            long atMillis)
            implements ClusterCommand {

        /** Copies list and map. */
        public ConfirmEntityErasure {
            through = List.copyOf(through);
            closed = ClosedLogs.copy(closed);
        }
    }

    /**
     * A node runs another release than before. Refused if the cluster takes none such.
     *
     * @param oldest the oldest finalized version of a cluster that it goes with
     */
    record NodeVersion(NodeId node, String version, String oldest) implements ClusterCommand {}

    /** From now on what came with a release is used, and no older one is let in. Refused while a node runs an older one. */
    record FinalizeUpgrade(String version) implements ClusterCommand {}

    // Keys

    /** What is said about an encrypted tenant's keys. */
    sealed interface OfKeys extends ClusterCommand {

        @Override
        TenantId tenant();
    }

    /**
     * A tenant gets another data key, with which it is sealed from now on; those before it are wrapped anew. The reply's value is its number.
     * Refused if somebody else was faster, or another tenant has the number by then.
     *
     * @param life the key of the tenant's state digests, which tells it from others that have had or will have its number
     * @param wrapped all of the tenant's keys, the new one last
     */
    record SetTenantKeys(TenantId tenant, long life, List<WrappedKey> wrapped) implements OfKeys {

        /** Copies the list. */
        public SetTenantKeys {
            wrapped = List.copyOf(wrapped);
        }
    }

    /** Nobody uses a tenant's keys from now on, so that it is neither read nor written; or everybody does again. */
    record SuspendTenant(TenantId tenant, boolean suspended) implements OfKeys {}

    // Migrations

    /** What is said about the migration of a tenant's slot. */
    sealed interface OfMigration extends ClusterCommand {

        @Override
        TenantId tenant();

        /** Returns when it was proposed, by the proposer's clock. */
        long atMillis();
    }

    /**
     * A slot is to move to another shard. The reply's value is the migration's id.
     *
     * @param from the replica that leads the slot
     * @param to the replica that is to lead it
     */
    record StartMigration(TenantId tenant, ReplicaId from, ReplicaId to, MigrationTerms terms, long atMillis)
            implements OfMigration {}

    /**
     * A migration goes on to another state, or back to one. Refused if it is not where it was thought to be.
     *
     * @param expected the state that it is in
     * @param reason why, if that was not to be expected
     * @param pauseNanos for how long writes were held back, all in all, when the slot changed hands; -1 if that is not said
     */
    record StepMigration(
            TenantId tenant,
            long id,
            MigrationState expected,
            long attempt,
            MigrationState next,
            @Nullable String reason,
            long pauseNanos,
            long atMillis)
            implements OfMigration {

        /** A step that says nothing of how long writes were held back. */
        public StepMigration(
                TenantId tenant,
                long id,
                MigrationState expected,
                long attempt,
                MigrationState next,
                @Nullable String reason,
                long atMillis) {
            this(tenant, id, expected, attempt, next, reason, -1, atMillis);
        }
    }

    /**
     * The target leads the slot from now on, in a new epoch and a new incarnation. Refused if the attempt is over, because it was given up or
     * somebody else has taken over the slot. The reply's value is the incarnation.
     *
     * @param pauseNanos for how long writes are held back by now
     */
    record CutOver(TenantId tenant, long id, long attempt, long pauseNanos, long atMillis) implements OfMigration {}

    /** A migration that was cut over goes back where it came from. Refused once what was there is being erased. */
    record ReverseMigration(TenantId tenant, long id, long atMillis) implements OfMigration {}

    /** Replicas that are no part of the slot any more are erased. What has none left to be erased is over. */
    record ReplicasErased(TenantId tenant, long id, List<ReplicaId> replicas, long atMillis) implements OfMigration {

        /** Copies the list. */
        public ReplicasErased {
            replicas = List.copyOf(replicas);
        }
    }

    /** A migration waits until it is resumed, or goes on; one whose slot is to change hands in this moment does that first. */
    record PauseMigration(TenantId tenant, long id, boolean paused, long atMillis) implements OfMigration {}

    /**
     * A migration that gets no further leaves its place to others, or has it again.
     *
     * @param reason why it gets no further; null if it does
     */
    record StallMigration(
            TenantId tenant, long id, @Nullable String reason, long atMillis) implements OfMigration {}

    /** The former shard of a migration is held no longer than it takes to see that nothing is there alone. */
    record EndHold(TenantId tenant, long id, long atMillis) implements OfMigration {}

    // Who holds a tenant's replicas

    /** What is said about a change of a tenant's replicas. */
    sealed interface OfReplicas extends ClusterCommand {

        @Override
        TenantId tenant();
    }

    /**
     * Other replicas are to hold a tenant: those that come are filled first, then those that leave do, and are erased. Refused if nobody would
     * be left who could lead a slot.
     *
     * @param regions the regions that the tenant is to be restricted to; empty for all
     * @param without replicas that are to be left out although they are in these regions
     */
    record ChangeReplicas(TenantId tenant, List<RegionId> regions, List<ReplicaId> without) implements OfReplicas {

        /** Copies the lists. */
        public ChangeReplicas {
            regions = List.copyOf(regions);
            without = List.copyOf(without);
        }
    }

    /** Replicas hold by now whatever was acknowledged before they counted. */
    record ReplicasComplete(TenantId tenant, List<ReplicaId> replicas) implements OfReplicas {

        /** Copies the list. */
        public ReplicasComplete {
            replicas = List.copyOf(replicas);
        }
    }

    /** Those that are to leave hold nothing any more that others lack, and have left. Refused while one of them leads. */
    record NarrowReplicas(TenantId tenant) implements OfReplicas {}

    /** Nothing of a tenant is in any file of replicas that have left. */
    record ReplicasGone(TenantId tenant, List<ReplicaId> replicas) implements OfReplicas {

        /** Copies the list. */
        public ReplicasGone {
            replicas = List.copyOf(replicas);
        }
    }
}
