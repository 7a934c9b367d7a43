package io.tidaldb.core.cluster;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Cuts a member's links to other regions, for drills. */
public final class LinkCut {

    private static final Duration LONGEST = Duration.ofMinutes(10);

    private LinkCut() {}

    /** Cuts the links to nodes of these regions for a while; returns the nodes. */
    public static List<NodeId> of(
            LocalCluster cluster, @Nullable RemoteCalls calls, Collection<RegionId> regions, Duration span) {
        if (calls == null) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "all nodes of this cluster are in one process, which has no links to cut: expected a member of one"
                            + " whose nodes are processes");
        }
        if (span.isNegative() || span.compareTo(LONGEST) > 0) {
            throw TidalException.invalid(
                    "links can't be cut for " + span + ": expected up to " + LONGEST + ", or nothing to end a cut");
        }
        List<NodeId> others = cluster.names().stream()
                .filter(node -> !cluster.isLocal(node) && regions.contains(cluster.region(node)))
                .toList();
        if (others.isEmpty()) {
            throw TidalException.invalid("no other node is in any of the regions " + regions + ": expected some of "
                    + cluster.names().stream()
                            .filter(node -> !cluster.isLocal(node))
                            .map(node -> node + " in " + cluster.region(node))
                            .toList());
        }
        others.forEach(node -> calls.cut(node, span));
        return others;
    }
}
