package io.tidaldb.core.membership;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.Membership;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NodeRecord;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** The membership that the control log holds. */
public final class AgreedMembership implements Membership {

    private final ControlPlane control;
    private final boolean several;
    private final Consumer<ClusterCommand> decide;

    /**
     * Creates a view.
     *
     * @param several whether nodes are processes of their own
     * @param decide has a command agreed
     */
    public AgreedMembership(ControlPlane control, boolean several, Consumer<ClusterCommand> decide) {
        this.control = control;
        this.several = several;
        this.decide = decide;
    }

    @Override
    public List<Member> members() {
        List<NodeId> voters = control.voters();
        List<ShardAssignment> shards = control.shards();
        Set<ReplicaId> filling = control.filling();
        return control.nodes().stream()
                .map(node -> member(node, voters, shards, filling))
                .toList();
    }

    private Member member(NodeRecord node, List<NodeId> voters, List<ShardAssignment> shards, Set<ReplicaId> filling) {
        List<ReplicaId> replicas = shards.stream()
                .filter(each -> each.node().equals(node.node()))
                .map(ShardAssignment::replica)
                .toList();
        return new Member(
                node.node(),
                node.region(),
                node.address().isEmpty() ? null : node.address(),
                voters.contains(node.node()),
                replicas,
                replicas.stream().filter(filling::contains).toList(),
                node.removed(),
                node.successor());
    }

    @Override
    public void add(NodeId node, RegionId region, String address, boolean dryRun) {
        agree(new ClusterCommand.AddNode(node, region, address), dryRun);
    }

    @Override
    public void replace(NodeId node, NodeId with, String address, boolean dryRun) {
        agree(new ClusterCommand.ReplaceNode(node, with, address), dryRun);
    }

    @Override
    public void remove(NodeId node, boolean dryRun) {
        agree(new ClusterCommand.RemoveNode(node), dryRun);
    }

    private void agree(ClusterCommand command, boolean dryRun) {
        if (!several) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "this cluster is a single process, whose nodes are fixed: expected one whose nodes are processes");
        }
        if (dryRun) {
            control.preview(command);
        } else {
            decide.accept(command);
        }
    }
}
