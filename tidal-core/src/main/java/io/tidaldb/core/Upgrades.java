package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.core.upgrade.Version;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Takes nodes out of service, one at a time, and brings them back. Safe for any number of threads. Every step is agreed: whoever began it may
 * go away, and the node itself goes on where it was when it starts again.
 */
public interface Upgrades {

    /** How long draining takes at most, unless somebody says otherwise. */
    Duration DRAIN_TIMEOUT = Duration.ofSeconds(60);

    /** The shortest and the longest time that draining may be given. */
    Duration MIN_TIMEOUT = Duration.ofMillis(100);

    /** See {@link #MIN_TIMEOUT}. */
    Duration MAX_TIMEOUT = Duration.ofHours(24);

    /**
     * A node on its way.
     *
     * @param version what it runs; null while it does not answer
     * @param up whether it answers
     * @param allowUnavailable whether tenants without another replica may be without service
     * @param beganMillis when draining began, since 1970; 0 if the node was never drained
     * @param drainMillis how long draining took, or takes so far; -1 if it never began
     * @param rejoinMillis how long rejoining took, or takes so far; -1 if it has not begun
     * @param waitsFor what keeps it where it is, as far as it says so; else null
     * @param failure why the last attempt was undone; else null
     * @param advice what there is to do; null if nothing
     */
    record NodeStatus(
            NodeId node,
            RegionId region,
            @Nullable String version,
            UpgradePhase phase,
            boolean up,
            boolean allowUnavailable,
            long beganMillis,
            long drainMillis,
            long rejoinMillis,
            @Nullable String waitsFor,
            @Nullable String failure,
            @Nullable String advice) {}

    /**
     * What draining a node would come to now.
     *
     * @param leads how many slots of tenants it leads, which are handed over
     * @param refusal why it would be refused; null if it would not
     * @param paused tenants that nobody could serve in the meantime: the first of them
     */
    record Step(
            NodeId node,
            @Nullable String version,
            UpgradePhase phase,
            int leads,
            @Nullable String refusal,
            List<TenantId> paused) {

        /** Copies the list. */
        public Step {
            paused = List.copyOf(paused);
        }
    }

    /**
     * The version that the cluster is finalized at, and what keeps it from the next one.
     *
     * @param finalized the release from which there is no way back; newer formats are not written
     * @param next the newest release that could be finalized by what nodes run; equal to {@code finalized} if there is nothing to do
     * @param blocked why that could not be finalized now; null if it could
     */
    record ClusterVersion(
            Version finalized, Version next, @Nullable String blocked) {}

    /** Returns the version that the cluster is finalized at, and what keeps it from the next one. */
    ClusterVersion clusterVersion();

    /**
     * Finalizes the release that all nodes run: from now on what came with it is used, and no node with an older one is let in. There is no
     * way back. Does nothing if that release is finalized already. Never happens by itself.
     *
     * @return the release
     * @throws io.tidaldb.api.TidalException UNSAFE if a node is out of service, or runs an older release than this one
     */
    Version finish();

    /** Returns how far each node is, in order. */
    List<NodeStatus> status();

    /** Returns where a node is on its way out of service and back, as far as is known here. */
    UpgradePhase phase(NodeId node);

    /** Returns what draining each node would come to now, in the order in which it is best done: who decides for the cluster comes last. */
    List<Step> plan();

    /**
     * Takes a node out of service: it hands over what it leads, and is drained when others hold all that it holds. Returns when that is
     * agreed on, which is when it begins; for a node that is drained already that is at once. If it is not done in time, it is undone.
     *
     * @param allowUnavailable whether tenants that nobody else could serve pause until the node is back
     * @param timeout how long it may take
     * @return completes when the node is drained; fails with UNSAFE and the reason if that was undone, with CLOSED if this is closed before
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if there is no such node or the timeout is out of range; UNSAFE if another node
     *     is out of service, or tenants would be without one that serves them
     */
    CompletionStage<Void> drain(NodeId node, boolean allowUnavailable, Duration timeout);

    /**
     * Brings a node that was drained, or is about to be, back into service: it catches up, is compared with those that lead, and gets back
     * what prefers it. Returns when that is agreed on.
     *
     * @return completes when the node serves as before; fails with CLOSED if this is closed before
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if there is no such node, UNSAFE if it is not drained
     */
    CompletionStage<Void> rejoin(NodeId node);
}
