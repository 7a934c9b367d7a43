package io.tidaldb.core.control;

/** Where the migration of a slot is. Each state is entered by a command of the control log, and whoever finds one can go on from it. */
public enum MigrationState {

    /** The target is given what it lacks. */
    PREPARING,

    /** The target has nearly everything and is sent each write as it is committed. */
    DUAL_WRITE,

    /** The content of both sides is compared. */
    VERIFYING,

    /** The source holds writes back until the target has the last one and the slot changes hands, or until that attempt is given up. */
    CUTOVER,

    /** The target has the slot; nodes that do not know yet send what they are asked for there. */
    DRAINING,

    /** The former shard still follows, so that the migration can be reversed. */
    HOLD,

    /** What the former shard has is erased. */
    GC,

    /** The target has the slot, and nothing is left of it at the source. */
    COMPLETE,

    /** It was given up: what the target has is erased. */
    ABORTING,

    /** The source has the slot as before, and nothing is left of it at the target. */
    ABORTED;

    /** Returns whether nothing is left to do. */
    public boolean isOver() {
        return this == COMPLETE || this == ABORTED;
    }

    /** Returns whether the slot is led by the target. */
    public boolean isCutOver() {
        return this == DRAINING || this == HOLD || this == GC || this == COMPLETE;
    }

    /** Returns whether it can be given up as if it had never begun. */
    public boolean canAbort() {
        return this == PREPARING || this == DUAL_WRITE || this == VERIFYING || this == CUTOVER;
    }

    /** Returns whether a command may lead from here to there; the cutover itself is none of these. */
    boolean mayBecome(MigrationState next) {
        return switch (next) {
            case PREPARING -> this == DUAL_WRITE || this == VERIFYING || this == CUTOVER;
            case DUAL_WRITE -> this == PREPARING || this == VERIFYING || this == CUTOVER;
            case VERIFYING -> this == DUAL_WRITE;
            case CUTOVER -> this == VERIFYING;
            case HOLD -> this == DRAINING;
            case GC -> this == HOLD;
            case ABORTING -> canAbort();
            case DRAINING, COMPLETE, ABORTED -> false;
        };
    }
}
