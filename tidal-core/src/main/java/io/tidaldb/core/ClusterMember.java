package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportTls;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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
 * @param peers the addresses of all other nodes; for one that joins, of those that are part of the cluster and run
 * @param joins whether it is not one of those with which the cluster is made: it takes part once the others have agreed on it, and learns of
 *     everything else from them
 */
public record ClusterMember(
        String cluster,
        NodeId node,
        String listen,
        @Nullable String advertise,
        @Nullable TransportTls tls,
        SortedMap<NodeId, String> peers,
        boolean joins) {

    /** @throws TidalException INVALID_ARGUMENT if a name is empty, the node is its own peer, or it joins nobody */
    public ClusterMember {
        peers = Collections.unmodifiableSortedMap(new TreeMap<>(peers));
        if (node.isClient() || peers.keySet().stream().anyMatch(NodeId::isClient)) {
            throw TidalException.invalid("node " + node + " of cluster \"" + cluster + "\" with the peers "
                    + peers.keySet() + " has a client's name among its nodes: expected names without the form"
                    + " client-NAME-INSTANCE");
        }
        if (cluster.isEmpty() || peers.containsKey(node) || joins && peers.isEmpty()) {
            throw TidalException.invalid("node " + node + " of cluster \"" + cluster + "\" has the peers "
                    + peers.keySet() + ": expected a name for the cluster, and the other nodes only");
        }
    }

    /** Describes a node of those with which the cluster is made. */
    public ClusterMember(
            String cluster,
            NodeId node,
            String listen,
            @Nullable String advertise,
            @Nullable TransportTls tls,
            SortedMap<NodeId, String> peers) {
        this(cluster, node, listen, advertise, tls, peers, false);
    }

    /** Describes a node that listens on an address, without TLS. */
    public static ClusterMember of(String cluster, NodeId node, String listen, Map<NodeId, String> peers) {
        return new ClusterMember(cluster, node, listen, null, null, new TreeMap<>(peers));
    }

    /** Describes a node that listens on an address, without TLS, and joins a cluster that these are part of. */
    public static ClusterMember joining(String cluster, NodeId node, String listen, Map<NodeId, String> members) {
        return new ClusterMember(cluster, node, listen, null, null, new TreeMap<>(members), true);
    }

    /** Returns all nodes that are known before anything is agreed, in order. */
    public List<NodeId> nodes() {
        return Stream.concat(Stream.of(node), peers.keySet().stream()).sorted().toList();
    }
}
