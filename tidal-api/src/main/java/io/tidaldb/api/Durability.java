package io.tidaldb.api;

/** When a write is acknowledged. */
public enum Durability {
    /** After the write, before the sync, which follows within some milliseconds: lost if the machine or the process stops until then. */
    ASYNC,
    /** Durable on the accepting node's disk. */
    LOCAL,
    /** Durable on a majority of the active set as well. */
    MAJORITY,
    /** Durable on all of the active set. */
    ALL
}
