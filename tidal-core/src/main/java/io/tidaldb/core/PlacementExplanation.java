package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a tenant's data is, and why there and nowhere else.
 *
 * @param slots in order
 * @param replicas all that the cluster has, in order
 */
public record PlacementExplanation(TenantId tenant, List<Slot> slots, List<Replica> replicas) {

    /** Copies the lists. */
    public PlacementExplanation {
        slots = List.copyOf(slots);
        replicas = List.copyOf(replicas);
    }

    /** Whether something holds. */
    public enum Verdict {
        /** It does. */
        YES,
        /** It does not. */
        NO,
        /** It will, when a step is done. */
        LATER
    }

    /** What a replica has to do with the tenant. */
    public enum Part {
        /** It takes the writes of a slot. */
        LEADS,
        /** It has a copy of a slot. */
        FOLLOWS,
        /** It has nothing of the tenant. */
        NONE
    }

    /**
     * What decides.
     *
     * @param rule {@code residency}, {@code pinned}, {@code slots}, {@code replication} or {@code reserve}
     * @param verdict whether the rule lets the replica hold the tenant
     * @param value what the verdict was made from
     */
    public record Rule(String rule, Verdict verdict, String value) {}

    /** What of a slot can still be lost. */
    public record Slot(int slot, ReplicaId leader, ClusterHealth.CanLose data, ClusterHealth.CanLose service) {}

    /**
     * A replica of a shard.
     *
     * @param slot of the tenant that is on the shard; null if none is
     * @param desired what was agreed
     * @param actual whether that is so; LATER while something is missing
     * @param found what was found, for people
     * @param step what has to happen; null if nothing has to
     */
    public record Replica(
            ReplicaId replica,
            NodeId node,
            @Nullable Integer slot,
            List<Rule> rules,
            Part desired,
            Verdict actual,
            String found,
            @Nullable String step) {

        /** Copies the list. */
        public Replica {
            rules = List.copyOf(rules);
        }
    }
}
