package io.tidaldb.core.membership;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.control.NodeRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Who votes on what is agreed, spread over regions, and who hears it without a vote.
 *
 * @param voters in order
 * @param followers in order
 */
record VoterChoice(List<NodeId> voters, List<NodeId> followers) {

    /** More make every decision slower and none safer. */
    static final int MAX_VOTERS = 7;

    /**
     * Returns the next step from these members to those that the agreed nodes ask for: whoever was removed goes, and one node at most gets a
     * vote, since a newcomer has to catch up before it counts. Nothing if there is nothing to do. A pure function.
     *
     * @param reachable whether a node that is not a member yet can be reached: one that can't is left out for now
     */
    static Optional<VoterChoice> next(
            List<NodeRecord> nodes, List<NodeId> voters, List<NodeId> followers, Predicate<NodeId> reachable) {
        NavigableMap<NodeId, RegionId> able = new TreeMap<>();
        for (NodeRecord each : nodes) {
            boolean member = voters.contains(each.node()) || followers.contains(each.node());
            if (!each.removed() && (member || reachable.test(each.node()))) {
                able.put(each.node(), each.region());
            }
        }
        List<NodeId> vote =
                new ArrayList<>(voters.stream().filter(able::containsKey).toList());
        while (vote.size() > MAX_VOTERS) {
            vote.remove(mostCrowded(vote, able));
        }
        if (vote.size() < MAX_VOTERS) {
            able.keySet().stream()
                    .filter(node -> !vote.contains(node))
                    .min(Comparator.<NodeId>comparingLong(node -> crowd(vote, able, node))
                            .thenComparing(Comparator.naturalOrder()))
                    .ifPresent(vote::add);
        }
        // Until it is its turn to vote, a newcomer hears everything already.
        VoterChoice choice = new VoterChoice(
                vote.stream().sorted().toList(),
                able.keySet().stream().filter(node -> !vote.contains(node)).toList());
        boolean same = choice.voters.equals(voters) && choice.followers.equals(followers);
        return same || choice.voters.isEmpty() ? Optional.empty() : Optional.of(choice);
    }

    private static NodeId mostCrowded(List<NodeId> vote, Map<NodeId, RegionId> regions) {
        return vote.stream()
                .max(Comparator.<NodeId>comparingLong(node -> crowd(vote, regions, node))
                        .thenComparing(Comparator.naturalOrder()))
                .orElseThrow();
    }

    /** Returns how many voters are in a node's region. */
    private static long crowd(List<NodeId> vote, Map<NodeId, RegionId> regions, NodeId node) {
        return vote.stream()
                .filter(each -> Objects.equals(regions.get(each), regions.get(node)))
                .count();
    }
}
