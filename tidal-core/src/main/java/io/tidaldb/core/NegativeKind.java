package io.tidaldb.core;

/** How a user says not to want to see something. All have the same effect; each is withdrawn by itself. The order is that of the log. */
public enum NegativeKind {
    /** This item. */
    HIDE,
    /** Whatever this is the source of. */
    MUTE,
    /** Somebody. */
    BLOCK
}
