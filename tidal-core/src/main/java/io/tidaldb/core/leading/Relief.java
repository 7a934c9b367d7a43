package io.tidaldb.core.leading;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.remote.Answer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Who gets what a node gives up while it runs, and what it should give up. Pure functions. */
public final class Relief {

    private Relief() {}

    private record Slot(long tenant, ShardId shard) {

        static Slot of(Answer.Replica replica) {
            return new Slot(replica.tenant(), ReplicaId.parse(replica.replica()).shard());
        }
    }

    /**
     * A replica that could take a slot.
     *
     * @param behind how many records it lacks that the one that leads has
     */
    public record Successor(TenantId tenant, ReplicaId replica, long behind) {

        /** Returns the decision that makes it lead. */
        public ClusterCommand.Promote promotion() {
            return new ClusterCommand.Promote(tenant, replica);
        }
    }

    /**
     * Decides who gets which slot: of those that can lead and lack nothing that another one has dropped from its logs, the one that is least
     * behind; of equals the one whose region gets least.
     *
     * @param own what the node holds of what it leads
     * @param others what others hold of it
     * @param wanted who may get which slot
     * @return nothing for slots that nobody else can take
     */
    public static List<Successor> decide(
            Answer.Positions own, List<Answer.Positions> others, Predicate<ClusterCommand.Promote> wanted) {
        Map<Slot, List<Answer.Replica>> held =
                others.stream().flatMap(Succession::whole).collect(Collectors.groupingBy(Slot::of));
        Map<Integer, Integer> given = new HashMap<>();
        List<Successor> successors = new ArrayList<>();
        for (Answer.Replica leader : Succession.whole(own).toList()) {
            @Nullable Successor best = null;
            for (Successor each : successors(leader, held.getOrDefault(Slot.of(leader), List.of()))) {
                boolean better = best == null || comesBefore(each, best, given);
                if (better && wanted.test(each.promotion())) {
                    best = each;
                }
            }
            if (best != null) {
                successors.add(best);
                given.merge(best.replica.region().value(), 1, Integer::sum);
            }
        }
        return successors;
    }

    private static boolean comesBefore(Successor one, Successor other, Map<Integer, Integer> given) {
        int ofOne = given.getOrDefault(one.replica.region().value(), 0);
        int ofOther = given.getOrDefault(other.replica.region().value(), 0);
        return one.behind < other.behind || one.behind == other.behind && ofOne < ofOther;
    }

    /** Returns which replicas could take the slot that this one leads. */
    private static List<Successor> successors(Answer.Replica leader, List<Answer.Replica> replicas) {
        TenantId tenant = TenantId.of(leader.tenant());
        return replicas.stream()
                .filter(each -> Succession.lacksNothing(each, leader)
                        && replicas.stream().allMatch(other -> Succession.lacksNothing(each, other)))
                .map(each -> new Successor(tenant, ReplicaId.parse(each.replica()), behind(each, leader)))
                .toList();
    }

    private static long behind(Answer.Replica follower, Answer.Replica leader) {
        return leader.logs().stream()
                .mapToLong(log -> Math.max(0, log.lastSeqno() - Succession.end(follower, log)))
                .sum();
    }

    /**
     * Returns which slots a node leads that prefer another one, all in turn: some of them may not be able to go home for long.
     *
     * @param hosts where each replica is
     * @param ready whether a node can be handed something
     * @param last the last one that was returned before; null at first
     * @param most so many at a time
     */
    static List<ClusterCommand.Promote> toPreferred(
            Collection<TenantRecord> tenants,
            NodeId self,
            Function<ReplicaId, NodeId> hosts,
            Predicate<NodeId> ready,
            ClusterCommand.@Nullable Promote last,
            int most) {
        NavigableSet<ClusterCommand.Promote> back = new TreeSet<>(
                Comparator.comparing(ClusterCommand.Promote::tenant).thenComparing(ClusterCommand.Promote::leader));
        for (TenantRecord tenant : tenants) {
            for (int slot = 0; slot < tenant.placement().size(); slot++) {
                ReplicaId preferred = tenant.preferred().get(slot);
                if (hosts.apply(tenant.placement().get(slot)).equals(self)
                        && !hosts.apply(preferred).equals(self)
                        && ready.test(hosts.apply(preferred))) {
                    back.add(new ClusterCommand.Promote(tenant.config().id(), preferred));
                }
            }
        }
        return last == null
                ? back.stream().limit(most).toList()
                : Stream.concat(back.tailSet(last, false).stream(), back.headSet(last, true).stream())
                        .limit(most)
                        .toList();
    }
}
