package io.tidaldb.api.control;

import io.tidaldb.api.NodeId;
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
 */
public record ControlLogContext(
        @Nullable Path directory,
        NodeId node,
        List<NodeId> members,
        String cluster,
        @Nullable ControlNetwork network) {

    /** Copies the list. */
    public ControlLogContext {
        members = List.copyOf(members);
    }

    /** What the log of a single node is given. */
    public ControlLogContext(@Nullable Path directory, NodeId node, List<NodeId> members) {
        this(directory, node, members, "", null);
    }
}
