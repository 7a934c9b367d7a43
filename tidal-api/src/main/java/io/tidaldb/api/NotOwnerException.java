package io.tidaldb.api;

import org.jspecify.annotations.Nullable;

/** The node that was asked does not own the shard; says who does, as far as it knows. */
public final class NotOwnerException extends TidalException {

    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // never serialized; kept for the caller that follows the redirect
    private final @Nullable NodeId owner;

    private final long epoch;

    /** Creates a refusal that names the owner, or null if none is known, and its epoch. */
    public NotOwnerException(String message, @Nullable NodeId owner, long epoch) {
        super(ErrorCode.NOT_OWNER, message);
        this.owner = owner;
        this.epoch = epoch;
    }

    /** Returns the owner, or null if none is known. */
    public @Nullable NodeId owner() {
        return owner;
    }

    /** Returns the epoch in which that is so. */
    public long epoch() {
        return epoch;
    }
}
