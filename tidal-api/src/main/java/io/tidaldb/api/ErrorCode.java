package io.tidaldb.api;

/** Why an operation failed. Names are stable: they appear in JSON and in scripts. Each has one {@link Outcome}. */
public enum ErrorCode {
    /** An argument is malformed or out of range. */
    INVALID_ARGUMENT(Outcome.NOT_APPLIED),
    /** A configuration is malformed, contradictory or has an unknown key. */
    INVALID_CONFIGURATION(Outcome.NOT_APPLIED),
    /** The signal type is not declared. */
    UNKNOWN_SIGNAL(Outcome.NOT_APPLIED),
    /** A signal is declared again with other parameters. */
    SIGNAL_CONFLICT(Outcome.NOT_APPLIED),
    /** An event time lies further ahead than the configured bound. */
    EVENT_TIME_TOO_FAR(Outcome.NOT_APPLIED),
    /** Two names have the same entity id. */
    NAME_COLLISION(Outcome.NOT_APPLIED),
    /** The tenant exists already. */
    TENANT_EXISTS(Outcome.NOT_APPLIED),
    /** No tenant has this id. */
    TENANT_NOT_FOUND(Outcome.NOT_APPLIED),
    /** No migration has this id. */
    MIGRATION_NOT_FOUND(Outcome.NOT_APPLIED),
    /** A quota of the tenant refuses the write. */
    QUOTA_EXCEEDED(Outcome.NOT_APPLIED),
    /** A queue is full, or what it takes right now is used up, such as memory. */
    OVERLOADED(Outcome.NOT_APPLIED),
    /** The node asked does not own what was asked for. */
    NOT_OWNER(Outcome.NOT_APPLIED),
    /** No shard lies in the regions that the tenant requires. */
    RESIDENCY_UNSATISFIABLE(Outcome.NOT_APPLIED),
    /** Ranges of a shard router overlap or leave a gap. */
    INVALID_RANGES(Outcome.NOT_APPLIED),
    /** An idempotency key came back with another payload. */
    IDEMPOTENCY_KEY_REUSED(Outcome.NOT_APPLIED),
    /** The deadline passed; the write may still become durable. */
    DEADLINE_EXCEEDED(Outcome.UNKNOWN),
    /** A write to several shards was applied by some and refused by others; a retry with the same idempotency key completes it. */
    PARTLY_APPLIED(Outcome.UNKNOWN),
    /** A position that a read asked for is not known here. */
    POSITION_UNKNOWN(Outcome.NOT_APPLIED),
    /** A session's write can't be taken under its number: those before it are not here, or another write has it. */
    SESSION_OUT_OF_ORDER(Outcome.NOT_APPLIED),
    /** The session has ended, was idle for too long, or holds as much as a session may. */
    SESSION_CLOSED(Outcome.NOT_APPLIED),
    /** No session has this number, or not yet where it was looked for. */
    SESSION_NOT_FOUND(Outcome.NOT_APPLIED),
    /** There is no link to another node, or it was lost before the answer. */
    PEER_UNAVAILABLE(Outcome.UNKNOWN),
    /** A replica lacks what others no longer keep in their logs: it has to catch up first. */
    NOT_CAUGHT_UP(Outcome.NOT_APPLIED),
    /** A safety check refuses it: somebody would be without what he relies on. */
    UNSAFE(Outcome.NOT_APPLIED),
    /** A node's version is none that the cluster takes. */
    VERSION_MISMATCH(Outcome.NOT_APPLIED),
    /** The instance, store or log was closed. */
    CLOSED(Outcome.NOT_APPLIED),
    /** An append does not continue its log. */
    WAL_GAP(Outcome.NOT_APPLIED),
    /** A log holds bytes that are not what was written; it is quarantined. */
    CORRUPT_LOG(Outcome.FATAL),
    /** A batch, snapshot or control record fails its checks. */
    CORRUPT_DATA(Outcome.FATAL),
    /** There is no room for the write. */
    STORAGE_FULL(Outcome.NOT_APPLIED),
    /** A master key is not there, or not kept as it should be. */
    KEY_UNAVAILABLE(Outcome.NOT_APPLIED),
    /** The tenant's keys were revoked or can't be had: nothing of it is read or written until they are back. */
    TENANT_SUSPENDED(Outcome.NOT_APPLIED),
    /** The store failed and acknowledges nothing until it is reopened. */
    STORE_FAILED(Outcome.UNKNOWN),
    /** Another process owns the data directory. */
    DIRECTORY_LOCKED(Outcome.NOT_APPLIED),
    /** The data directory belongs to another node, region, cluster or plugin. */
    DIRECTORY_MISMATCH(Outcome.NOT_APPLIED),
    /** Data was written by a newer version. */
    FORMAT_TOO_NEW(Outcome.NOT_APPLIED),
    /** No plugin has this name, or more than one, or the one that has it was refused. */
    PLUGIN_UNAVAILABLE(Outcome.NOT_APPLIED),
    /** A feature is not available in this configuration. */
    UNSUPPORTED(Outcome.NOT_APPLIED),
    /** An invariant is broken: the node stops rather than go on with a wrong state. */
    INTERNAL(Outcome.FATAL);

    private final Outcome outcome;

    ErrorCode(Outcome outcome) {
        this.outcome = outcome;
    }

    /** Returns what an operation that failed with this code may have done. */
    public Outcome outcome() {
        return outcome;
    }
}
