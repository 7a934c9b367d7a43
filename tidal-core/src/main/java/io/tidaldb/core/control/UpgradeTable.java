package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which nodes are out of service for an upgrade: one at a time. Part of {@link ClusterState}, and confined as that is. */
final class UpgradeTable {

    private static final int MAX_REASON = 512;

    private final SortedMap<NodeId, NodeUpgrade> nodes = new TreeMap<>();

    Reply drain(ClusterCommand.DrainNode drain) {
        NodeUpgrade known = nodes.get(drain.node());
        if (known != null && (known.phase() == UpgradePhase.REJOINING || known.phase() == UpgradePhase.RETURNING)) {
            return refused(
                    ErrorCode.UNSAFE,
                    "node " + drain.node() + " is " + known.phase()
                            + ": wait until it serves again before it is drained anew");
        }
        Optional<NodeUpgrade> other = nodes.values().stream()
                .filter(each -> each.isOpen() && !each.node().equals(drain.node()))
                .findFirst();
        if (other.isPresent()) {
            return refused(
                    ErrorCode.UNSAFE,
                    "node " + other.get().node() + " is " + other.get().phase() + ", and one node at a time is drained:"
                            + " rejoin it first, or give it up with \"tidal cluster replace\", before "
                            + drain.node() + " is drained");
        }
        if (known == null || known.phase() != UpgradePhase.DRAINED) {
            long began = known != null && known.isOpen() ? known.beganMillis() : drain.atMillis();
            nodes.put(
                    drain.node(),
                    NodeUpgrade.draining(drain.node(), drain.allowUnavailable(), drain.timeoutMillis(), began));
        }
        return new Reply.Done(0);
    }

    Reply rejoin(ClusterCommand.RejoinNode rejoin) {
        NodeUpgrade known = nodes.get(rejoin.node());
        if (known == null || !known.isOpen()) {
            return refused(
                    ErrorCode.UNSAFE, "node " + rejoin.node() + " is not drained: expected one that is to rejoin");
        }
        if (known.phase() == UpgradePhase.DRAINING || known.phase() == UpgradePhase.DRAINED) {
            nodes.put(rejoin.node(), known.rejoining(cut(rejoin.reason()), rejoin.atMillis()));
        }
        return new Reply.Done(0);
    }

    Reply step(ClusterCommand.UpgradeStep step) {
        NodeUpgrade known = nodes.get(step.node());
        UpgradePhase now = known == null ? UpgradePhase.SERVING : known.phase();
        NodeUpgrade next = known == null ? null : next(known, step);
        if (next == null) {
            return refused(
                    ErrorCode.NOT_OWNER,
                    "node " + step.node() + " is " + now + ", from where it is no step to " + step.to());
        }
        nodes.put(step.node(), next);
        return new Reply.Done(0);
    }

    private static @Nullable NodeUpgrade next(NodeUpgrade known, ClusterCommand.UpgradeStep step) {
        return switch (step.to()) {
            case DRAINED -> known.phase() == UpgradePhase.DRAINING ? known.drained(step.atMillis()) : null;
            case RETURNING -> known.phase() == UpgradePhase.REJOINING ? known.returning() : null;
            case SERVING -> known.phase() == UpgradePhase.RETURNING ? known.serving(step.atMillis()) : null;
            case DRAINING, REJOINING -> null;
        };
    }

    private static String cut(String reason) {
        return reason.length() <= MAX_REASON ? reason : reason.substring(0, MAX_REASON - 1) + "…";
    }

    private static Reply refused(ErrorCode code, String message) {
        return new Reply.Refused(code, message);
    }

    /** A node that is gone for good is waited for no more. */
    void remove(NodeId node) {
        nodes.remove(node);
    }

    @Nullable
    NodeUpgrade of(NodeId node) {
        return nodes.get(node);
    }

    List<NodeUpgrade> all() {
        return List.copyOf(nodes.values());
    }

    void restore(Collection<NodeUpgrade> known) {
        known.forEach(each -> nodes.put(each.node(), each));
    }

    void replaceWith(UpgradeTable other) {
        nodes.clear();
        nodes.putAll(other.nodes);
    }
}
