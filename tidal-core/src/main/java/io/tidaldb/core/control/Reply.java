package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.util.List;

/** What a command came to when it was applied: the same on every node. */
public sealed interface Reply {

    /** It was carried out; the value depends on the command. */
    record Done(long value) implements Reply {}

    /** It was refused and changed nothing. */
    record Refused(ErrorCode code, String message) implements Reply {}

    /** What each part of it came to. */
    record Several(List<Reply> parts) implements Reply {

        /** Copies the list. */
        public Several {
            parts = List.copyOf(parts);
        }
    }

    /**
     * Returns the value; of several the number of those that were carried out.
     *
     * @throws TidalException if the command was refused
     */
    default long orThrow() {
        if (this instanceof Refused refused) {
            throw new TidalException(refused.code, refused.message);
        }
        if (this instanceof Several several) {
            return several.parts.stream().filter(Done.class::isInstance).count();
        }
        return ((Done) this).value;
    }
}
