package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportTls;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The place of a process in a cluster of several: it runs one node, and the others are reached over the transport.
 *
 * @param cluster the name of the cluster: nodes of another one are no peers
 * @param node the node that this process runs
 * @param listen where it is to be reached, in the transport's form; empty to leave the choice to the transport
 * @param advertise where others reach it if that is not where it listens; else null
 * @param tls how nodes prove who they are; null where they need not
 * @param peers the addresses of all other nodes
 */
public record ClusterMember(
        String cluster,
        NodeId node,
        String listen,
        @Nullable String advertise,
        @Nullable TransportTls tls,
        SortedMap<NodeId, String> peers) {

    /** @throws TidalException INVALID_ARGUMENT if a name is empty, or the node is its own peer */
    public ClusterMember {
        peers = Collections.unmodifiableSortedMap(new TreeMap<>(peers));
        if (cluster.isEmpty() || peers.containsKey(node)) {
            throw TidalException.invalid("node " + node + " of cluster \"" + cluster + "\" has the peers "
                    + peers.keySet() + ": expected a name for the cluster, and the other nodes only");
        }
    }

    /** Describes a node that listens on an address, without TLS. */
    public static ClusterMember of(String cluster, NodeId node, String listen, Map<NodeId, String> peers) {
        return new ClusterMember(cluster, node, listen, null, null, new TreeMap<>(peers));
    }

    /** Returns all nodes, in order. */
    public List<NodeId> nodes() {
        return Stream.concat(Stream.of(node), peers.keySet().stream()).sorted().toList();
    }

    String address(NodeId peer) {
        return Objects.requireNonNull(peers.get(peer), "every node of the topology has an address");
    }
}
