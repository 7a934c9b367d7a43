package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;

/** What a command came to when it was applied: the same on every node. */
public sealed interface Reply {

    /** It was carried out; the value depends on the command. */
    record Done(long value) implements Reply {}

    /** It was refused and changed nothing. */
    record Refused(ErrorCode code, String message) implements Reply {}

    /**
     * Returns the value.
     *
     * @throws TidalException if the command was refused
     */
    default long orThrow() {
        if (this instanceof Refused refused) {
            throw new TidalException(refused.code, refused.message);
        }
        return ((Done) this).value;
    }
}
