package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.core.upgrade.Version;
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

    /** What nodes said that they run; the first release if they said nothing. */
    private final SortedMap<NodeId, Version> versions = new TreeMap<>();

    private Version finalized = Version.FIRST;

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
        UpgradePhase now = phase(step.node());
        NodeUpgrade next = known == null ? null : next(known, step);
        if (next == null) {
            return refused(
                    ErrorCode.NOT_OWNER,
                    "node " + step.node() + " is " + now + ", from where it is no step to " + step.to());
        }
        nodes.put(step.node(), next);
        return new Reply.Done(0);
    }

    // Versions

    Reply version(ClusterCommand.NodeVersion runs) {
        Version version = Version.parse(runs.version());
        try {
            Release.check("node " + runs.node(), version, Version.parse(runs.oldest()), finalized);
        } catch (TidalException e) {
            return refused(e.code(), String.valueOf(e.getMessage()));
        }
        versions.put(runs.node(), version);
        return new Reply.Done(0);
    }

    /** @param opened the nodes that count: a node that was never opened has nothing to lose */
    Reply finish(ClusterCommand.FinalizeUpgrade end, List<NodeId> opened) {
        Version wanted = Version.parse(end.version()).release();
        if (wanted.isBefore(finalized)) {
            return refused(
                    ErrorCode.UNSAFE,
                    "the cluster is finalized at version " + finalized.releaseText()
                            + ", from which there is no way back to " + wanted.releaseText());
        }
        for (NodeId node : opened) {
            if (version(node).isBefore(wanted)) {
                return refused(
                        ErrorCode.UNSAFE,
                        "node " + node + " runs version " + version(node) + ": every node must run version "
                                + wanted.releaseText() + " before the cluster is finalized at that");
            }
        }
        Optional<NodeUpgrade> away =
                nodes.values().stream().filter(NodeUpgrade::isOpen).findFirst();
        if (away.isPresent()) {
            return refused(
                    ErrorCode.UNSAFE,
                    "node " + away.get().node() + " is " + away.get().phase()
                            + ": rejoin it before the cluster is finalized");
        }
        finalized = wanted;
        return new Reply.Done(0);
    }

    Version version(NodeId node) {
        return versions.getOrDefault(node, Version.FIRST);
    }

    Version finalized() {
        return finalized;
    }

    SortedMap<NodeId, Version> versions() {
        return versions;
    }

    void restoreVersions(Version of, SortedMap<NodeId, Version> runs) {
        finalized = of;
        versions.putAll(runs);
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
        versions.remove(node);
    }

    @Nullable
    NodeUpgrade of(NodeId node) {
        return nodes.get(node);
    }

    UpgradePhase phase(NodeId node) {
        NodeUpgrade known = nodes.get(node);
        return known == null ? UpgradePhase.SERVING : known.phase();
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
        versions.clear();
        restoreVersions(other.finalized, other.versions);
    }
}
