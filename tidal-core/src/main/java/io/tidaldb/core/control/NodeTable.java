package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of the cluster, past ones included: a name that was removed never comes back. Part of {@link ClusterState}, and confined as that
 * is.
 */
final class NodeTable {

    /** What was ever a node: names are kept for good, so there is a bound. */
    private static final int MAX_NODES = 4096;

    private static final int MAX_TEXT = 512;

    private final SortedMap<NodeId, NodeRecord> nodes = new TreeMap<>();

    /** Replicas that were given to another node, which may not hold yet what was acknowledged before. */
    private final SortedSet<ReplicaId> filling = new TreeSet<>();

    void define(Collection<ShardAssignment> shards) {
        shards.forEach(each -> nodes.putIfAbsent(each.node(), NodeRecord.fresh(each.node(), each.region(), "")));
    }

    Reply register(ClusterCommand.RegisterNode command) {
        NodeRecord known = nodes.get(command.node());
        if (known == null) {
            return refused(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "node " + command.node() + " is no node of this cluster, which has " + active()
                            + ": let it take the place of a node, or add it, before it joins");
        }
        if (known.removed()) {
            return refused(ErrorCode.DIRECTORY_MISMATCH, gone(known) + ": start a node with another name");
        }
        if (!known.region().equals(command.region())) {
            return refused(
                    ErrorCode.INVALID_CONFIGURATION,
                    "node " + command.node() + " says that it is in region " + command.region() + ": expected "
                            + known.region());
        }
        if (!known.identity().isEmpty() && !known.identity().equals(command.identity())) {
            return refused(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "node " + command.node() + " comes with data directory " + command.identity()
                            + ", and the cluster knows it by " + known.identity()
                            + ": it has lost what it had acknowledged; start it with its own directory, or let a node with"
                            + " another name take its place");
        }
        if (command.identity().isEmpty() || tooLong(command.identity()) || tooLong(command.address())) {
            return refused(ErrorCode.INVALID_ARGUMENT, "node " + command.node() + " has no proper identity or address");
        }
        nodes.put(command.node(), known.opened(command.identity(), command.address()));
        return new Reply.Done(0);
    }

    Reply add(NodeId node, RegionId region, String address) {
        NodeRecord known = nodes.get(node);
        if (known != null && known.removed()) {
            return refused(ErrorCode.INVALID_ARGUMENT, gone(known) + ": choose another name");
        }
        if (known != null && !known.region().equals(region)) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "node " + node + " is in region " + known.region() + ": expected that, got " + region);
        }
        if (node.isClient()) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "node " + node + " has a client's name: expected one without the form client-NAME-INSTANCE");
        }
        if (known == null && nodes.size() == MAX_NODES) {
            return refused(
                    ErrorCode.UNSUPPORTED, "node " + node + " would be number " + (MAX_NODES + 1) + ": expected fewer");
        }
        if (address.isEmpty() || tooLong(address)) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "node " + node + " has an address of " + address.length() + " characters: expected 1 to "
                            + MAX_TEXT);
        }
        nodes.put(
                node,
                known == null ? NodeRecord.fresh(node, region, address) : known.opened(known.identity(), address));
        return new Reply.Done(0);
    }

    /** Ends a node that has nothing that nobody else has. */
    void remove(NodeId node, @Nullable NodeId successor) {
        NodeRecord known = nodes.get(node);
        if (known != null) {
            nodes.put(node, known.gone(successor));
        }
    }

    /** Returns why a node can't go or be replaced because it is not there; null if it is. */
    @Nullable
    Reply missing(NodeId node) {
        NodeRecord known = nodes.get(node);
        if (known == null) {
            return refused(ErrorCode.INVALID_ARGUMENT, "node " + node + " does not exist: expected one of " + active());
        }
        return known.removed() ? refused(ErrorCode.INVALID_ARGUMENT, gone(known)) : null;
    }

    private static String gone(NodeRecord known) {
        NodeId successor = known.successor();
        return "node " + known.node() + " was removed from the cluster"
                + (successor == null ? "" : ", and " + successor + " has taken its place");
    }

    private static boolean tooLong(String text) {
        return text.length() > MAX_TEXT;
    }

    private static Reply refused(ErrorCode code, String message) {
        return new Reply.Refused(code, message);
    }

    @Nullable
    NodeRecord get(NodeId node) {
        return nodes.get(node);
    }

    private List<NodeId> active() {
        return nodes.values().stream()
                .filter(each -> !each.removed())
                .map(NodeRecord::node)
                .toList();
    }

    List<NodeRecord> all() {
        return List.copyOf(nodes.values());
    }

    void filled(Collection<ReplicaId> replicas) {
        filling.removeAll(replicas);
    }

    SortedSet<ReplicaId> filling() {
        return filling;
    }

    void restore(Collection<NodeRecord> records, Collection<ReplicaId> unfilled) {
        records.forEach(each -> nodes.put(each.node(), each));
        filling.addAll(unfilled);
    }

    void replaceWith(NodeTable other) {
        nodes.clear();
        filling.clear();
        restore(other.nodes.values(), other.filling);
    }
}
