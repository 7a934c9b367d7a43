package io.tidaldb.core.control;

/** What has become of practising the loss of a region. */
public enum DrillOutcome {
    /** It has begun, and nobody has said yet that it is over. */
    RUNNING,
    /** Others took the writes, and all is as it was before. */
    DONE,
    /** Others took the writes, and go on to take some, until the replicas that are preferred can. */
    NOT_BACK,
    /** Not all that the region leads could be handed over; all is as it was before, or will be when it can. */
    FAILED
}
