package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes a cluster has. What is changed here is agreed when a call returns, and every node goes by it as soon as it hears of it. Safe for
 * any number of threads.
 */
public interface Membership {

    /**
     * A node that is, or was, part of the cluster.
     *
     * @param address where others reach it; null if nobody has said so
     * @param votes whether it has a vote on what is agreed
     * @param replicas what it has
     * @param filling what of that may still lack what was acknowledged before it was given to this node
     * @param removed whether it is gone, for good
     * @param successor who has taken its place; null unless it is gone and was replaced
     */
    record Member(
            NodeId node,
            RegionId region,
            @Nullable String address,
            boolean votes,
            List<ReplicaId> replicas,
            List<ReplicaId> filling,
            boolean removed,
            @Nullable NodeId successor) {}

    /** Returns all nodes as they are known here, in order; also those that are gone, whose names are never used again. */
    List<Member> members();

    /**
     * Lets a node join that has no replicas: it routes, and may take the place of another one later.
     *
     * @param address where the others reach it
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if the name was used before or the region is another one than it has, UNSUPPORTED
     *     if this cluster is a single process
     */
    void add(NodeId node, RegionId region, String address, boolean dryRun);

    /**
     * Gives what a node had to another one, which fetches it from those that hold it as well; the former is gone for good. The new node is
     * in the same region, and joins under a name that was never used, or has joined without replicas.
     *
     * @param address where the others reach the new node
     * @param dryRun whether only to tell what it would be refused with
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if there is no such node or the other one has replicas, NOT_CAUGHT_UP if the node
     *     leads a tenant, since nobody has taken over from it, UNSUPPORTED if this cluster is a single process
     */
    void replace(NodeId node, NodeId with, String address, boolean dryRun);

    /**
     * Removes a node for good.
     *
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if there is no such node or it has replicas, UNSUPPORTED if this cluster is a
     *     single process
     */
    void remove(NodeId node, boolean dryRun);
}
