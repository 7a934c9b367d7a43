package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What makes all replicas of tenants hold the same, as far as they could be asked: which ranges of which origins each of them lacks, which
 * writes are to be taken back, and where two can't be made equal by shipping.
 *
 * <p>Immutable. Writes go on while replicas are asked, one after another: what one has more than another may be under way.
 *
 * @param slots of the tenants that were asked about, in order
 */
public record Reconciliation(List<Slot> slots) {

    /** Copies the list. */
    public Reconciliation {
        slots = List.copyOf(slots);
    }

    /** A slot: a tenant's part on a shard. */
    public record Slot(TenantId tenant, ShardId shard, List<Replica> replicas, List<Step> steps) {

        /** Copies the lists. */
        public Slot {
            replicas = List.copyOf(replicas);
            steps = List.copyOf(steps);
        }

        /** Returns whether all replicas have said what they hold, and that is the same, with the same digest. */
        public boolean isEqual() {
            return steps.isEmpty() && replicas.stream().allMatch(each -> each.problem() == null);
        }
    }

    /**
     * A replica.
     *
     * @param records how many its logs hold, of all origins
     * @param doubled writes that count twice, as it knows
     * @param digest of its state and of how far it has folded each origin, 32 hexadecimal digits; null if it is not known
     * @param problem why it does not say what it holds; null if it does
     */
    public record Replica(
            ReplicaId replica,
            NodeId node,
            long records,
            int doubled,
            @Nullable String digest,
            @Nullable String problem) {}

    /** What is to be done. */
    public enum Action {
        /** A range of an origin's log is to be shipped. */
        SHIP,
        /** The range is in no log any more: the state travels. */
        SNAPSHOT,
        /** Writes that another one has under the same keys are taken back, by the replica that accepted them. */
        TAKE_BACK,
        /** Both hold the seqno, and not the same up to it: no range can be shipped. */
        CONFLICT,
        /** Both hold the same logs, and their states differ: the replica has to be filled anew. */
        DIFFERS
    }

    /**
     * One step. Has no effect if its replica has what it brings.
     *
     * @param origin whose log it is about; null where it is about the state as a whole
     * @param from the replica that has what is lacking; null if nothing travels
     * @param to the replica that lacks it
     * @param fromSeqno of a range the first; else 0
     * @param toSeqno of a range the last; of a conflict where it was found; else 0
     * @param count how many records are shipped, or writes taken back
     */
    public record Step(
            Action action,
            @Nullable Origin origin,
            @Nullable ReplicaId from,
            ReplicaId to,
            long fromSeqno,
            long toSeqno,
            long count) {}

    /** Returns whether there is nothing to do, and everybody has said so. */
    public boolean isDone() {
        return slots.stream().allMatch(Slot::isEqual);
    }
}
