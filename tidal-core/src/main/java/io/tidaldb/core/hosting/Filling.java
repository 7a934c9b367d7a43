package io.tidaldb.core.hosting;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.remote.Answer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether replicas that are new on their node hold what they must before they count: all that their leaders held when they were asked.
 * Whatever a majority had acknowledged is with the leader; what comes later, the new replica acknowledges itself. Pure functions.
 */
public final class Filling {

    private Filling() {}

    /** A tenant's part on a shard. */
    public record Slot(long tenant, int shard) {

        /** Returns whose slot it is. */
        public TenantId tenantId() {
            return TenantId.of(tenant);
        }

        @Override
        public String toString() {
            return "shard s" + shard + " of tenant " + tenantId();
        }
    }

    /**
     * Tells whether everything is here.
     *
     * @param slots that are to be filled and are led by the node that answered
     * @param leader what the leader said that it held
     * @param mine what is held here, looked at afterwards
     */
    public static boolean isFilled(List<Slot> slots, Answer.Positions leader, Answer.Positions mine) {
        return firstMissing(slots, leader, mine).isEmpty();
    }

    /** Returns the first of some slots of which one node does not hold all that another one has said before that it holds. */
    public static Optional<Slot> firstMissing(List<Slot> slots, Answer.Positions wanted, Answer.Positions held) {
        return slots.stream()
                .filter(slot -> {
                    Answer.Replica theirs = of(wanted, slot);
                    Answer.Replica own = of(held, slot);
                    return theirs == null
                            || own == null
                            || !own.canLead()
                            || theirs.logs().stream()
                                    .anyMatch(log -> Long.compareUnsigned(end(own, log), log.lastSeqno()) < 0);
                })
                .findFirst();
    }

    private static Answer.@Nullable Replica of(Answer.Positions said, Slot slot) {
        return said.replicas().stream()
                .filter(each -> each.tenant() == slot.tenant()
                        && ReplicaId.parse(each.replica()).shard().value() == slot.shard())
                .findFirst()
                .orElse(null);
    }

    private static long end(Answer.Replica replica, Answer.Log of) {
        return replica.logs().stream()
                .filter(log -> log.isOf(of))
                .mapToLong(Answer.Log::lastSeqno)
                .findFirst()
                .orElse(of.startSeqno());
    }
}
