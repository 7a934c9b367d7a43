package io.tidaldb.core.upgrade;

import io.tidaldb.api.NodeId;

/**
 * What is agreed on a node that was drained at least once. Times are milliseconds since 1970, by the clocks of those who proposed the steps;
 * 0 for a step that was not taken yet.
 *
 * @param allowUnavailable whether tenants may be without service that have no other replica
 * @param timeoutMillis how long draining may take
 * @param failure why the last attempt was undone; empty if it was not
 */
public record NodeUpgrade(
        NodeId node,
        UpgradePhase phase,
        boolean allowUnavailable,
        long timeoutMillis,
        long beganMillis,
        long drainedMillis,
        long rejoinedMillis,
        long doneMillis,
        String failure) {

    /** Describes a node that begins to be drained. */
    public static NodeUpgrade draining(NodeId node, boolean allowUnavailable, long timeoutMillis, long atMillis) {
        return new NodeUpgrade(node, UpgradePhase.DRAINING, allowUnavailable, timeoutMillis, atMillis, 0, 0, 0, "");
    }

    /** Returns the same, drained. */
    public NodeUpgrade drained(long atMillis) {
        return new NodeUpgrade(
                node,
                UpgradePhase.DRAINED,
                allowUnavailable,
                timeoutMillis,
                beganMillis,
                Math.max(atMillis, beganMillis),
                0,
                0,
                failure);
    }

    /** Returns the same on its way back. */
    public NodeUpgrade rejoining(String reason, long atMillis) {
        return new NodeUpgrade(
                node,
                UpgradePhase.REJOINING,
                allowUnavailable,
                timeoutMillis,
                beganMillis,
                drainedMillis,
                Math.max(atMillis, beganMillis),
                0,
                reason);
    }

    /** Returns the same when it has everything. */
    public NodeUpgrade returning() {
        return new NodeUpgrade(
                node,
                UpgradePhase.RETURNING,
                allowUnavailable,
                timeoutMillis,
                beganMillis,
                drainedMillis,
                rejoinedMillis,
                0,
                failure);
    }

    /** Returns the same, in service again. */
    public NodeUpgrade serving(long atMillis) {
        return new NodeUpgrade(
                node,
                UpgradePhase.SERVING,
                allowUnavailable,
                timeoutMillis,
                beganMillis,
                drainedMillis,
                rejoinedMillis,
                Math.max(atMillis, rejoinedMillis),
                failure);
    }

    /** Returns whether the node is not in service as it should be. */
    public boolean isOpen() {
        return phase != UpgradePhase.SERVING;
    }
}
