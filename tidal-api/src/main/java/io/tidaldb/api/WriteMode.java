package io.tidaldb.api;

/** Which replicas accept a tenant's writes. */
public enum WriteMode {
    /** Only the leader. */
    SINGLE,
    /** Every replica, on both sides of a partition. */
    EVERYWHERE
}
