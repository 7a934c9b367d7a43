package io.tidaldb.api;

/** What a failed operation may have done. */
public enum Outcome {
    /** Nothing happened; the operation can be tried again as it is. */
    NOT_APPLIED,
    /** It may have happened; try again with the same idempotency key. */
    UNKNOWN,
    /** This node, or this log of it, stops serving until someone acts. */
    FATAL
}
