package io.tidaldb.api.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a control log is given.
 *
 * @param directory where to keep its files, created if missing; null for a log that keeps nothing
 * @param node the node that opens it
 * @param members all nodes that take part when the log is made, in order; a node that is not among them joins those that are, and takes part
 *     once they have agreed on it. What was agreed since is remembered, and not compared with this any more
 * @param cluster the name of the cluster that decides; empty if it has none
 * @param network how the members reach each other; null where the node is the only one
 * @param reached how far the directory is known to have come: what has less is an older copy
 */
public record ControlLogContext(
        @Nullable Path directory,
        NodeId node,
        List<NodeId> members,
        String cluster,
        @Nullable ControlNetwork network,
        ControlPosition reached) {

    /** Copies the list. */
    public ControlLogContext {
        members = List.copyOf(members);
    }

    /** What the log of a single node is given. */
    public ControlLogContext(@Nullable Path directory, NodeId node, List<NodeId> members) {
        this(directory, node, members, "", null);
    }

    /** What a log is given of whose past nothing is known. */
    public ControlLogContext(
            @Nullable Path directory,
            NodeId node,
            List<NodeId> members,
            String cluster,
            @Nullable ControlNetwork network) {
        this(directory, node, members, cluster, network, ControlPosition.NONE);
    }

    /**
     * Compares what was found in the directory with what it is known to have had.
     *
     * @throws TidalException DIRECTORY_MISMATCH if it has less
     */
    public void checkReached(ControlPosition found) {
        if (!found.reaches(reached)) {
            throw new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "control log of node " + node + (directory == null ? "" : " in " + directory) + " has " + found
                            + ", and is known to have had " + reached
                            + ": it is an older copy, which has forgotten what it promised; put back what belongs to this"
                            + " data directory, or let a node with another name take the place of this one (tidal cluster"
                            + " replace " + node + ")");
        }
    }
}
