package io.tidaldb.core.upgrade.rolling;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.hosting.Filling;
import io.tidaldb.core.remote.Answer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What a node does about others when it goes out of service and comes back: those are in this process, or are processes of their own. */
public interface UpgradeSteps {

    /** Returns whether a node answers. */
    boolean isUp(NodeId node);

    /**
     * Hands over what the node leads, as far as others can lead it now and lack little; does not fail because of single ones.
     *
     * @return what others could lead and the node still does
     */
    CompletableFuture<List<ClusterCommand.Promote>> handOver();

    /** Asks the node that leads slots what it holds of them itself. */
    CompletableFuture<Answer.Positions> heldByLeader(NodeId leader);

    /** Returns what the node holds of the slots that another one leads. */
    CompletableFuture<Answer.Positions> heldHere(NodeId leader);

    /** Has a leader compare what it leads of a tenant with the node; true if that holds the same, false if this is not known yet. */
    CompletableFuture<Boolean> compare(NodeId leader, Filling.Slot slot);

    /** Sees to it that what prefers the node comes back, if others don't by themselves. */
    CompletableFuture<Void> bringBack(List<ClusterCommand.Promote> wanted);
}
