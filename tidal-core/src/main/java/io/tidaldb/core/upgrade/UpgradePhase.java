package io.tidaldb.core.upgrade;

/** Where a node is on its way out of service and back. The names are stable: they appear in JSON. */
public enum UpgradePhase {
    /** It serves like any other node. */
    SERVING,
    /** It hands over what it leads, and waits until others hold all that it holds. */
    DRAINING,
    /** It leads nothing that others can lead: its process can be stopped and replaced. */
    DRAINED,
    /** It catches up with what was written meanwhile, and is compared with those that lead. */
    REJOINING,
    /** It has everything: what prefers it comes back. */
    RETURNING;

    /** Returns whether the node may be handed anything to lead. */
    public boolean mayLead() {
        return this == SERVING || this == RETURNING;
    }
}
