package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import java.nio.charset.StandardCharsets;

/** What is written to a session. Texts are up to 4,096 bytes of UTF-8, keys of preferences 1 to 256. */
public sealed interface SessionEvent {

    /** Longest text in bytes of UTF-8. */
    int MAX_TEXT_BYTES = 4_096;

    /** Longest key of a preference in bytes of UTF-8. */
    int MAX_KEY_BYTES = 256;

    /** The session of a user begins; its number is 1. */
    record Start(EntityId user) implements SessionEvent {}

    /** A preference has this value from here on; of several writes the one with the latest stamp counts. */
    record Preference(String key, String value) implements SessionEvent {

        /** @throws TidalException INVALID_ARGUMENT if a text is too long, or the key empty */
        public Preference {
            check("key of a preference", key, 1, MAX_KEY_BYTES);
            check("value of preference " + key, value, 0, MAX_TEXT_BYTES);
        }
    }

    /** A note on an entity. */
    record Annotation(EntityId entity, String text) implements SessionEvent {

        /** @throws TidalException INVALID_ARGUMENT if the text is empty or too long */
        public Annotation {
            check("text of an annotation", text, 1, MAX_TEXT_BYTES);
        }
    }

    /** What the user asked for. */
    record Query(String text) implements SessionEvent {

        /** @throws TidalException INVALID_ARGUMENT if the text is empty or too long */
        public Query {
            check("text of a query", text, 1, MAX_TEXT_BYTES);
        }
    }

    /**
     * What the user did with an entity. It is part of the session and changes no score: record a signal for that.
     *
     * @param signal a declared type of signal
     * @param weight finite
     */
    record Interaction(String signal, EntityId entity, double weight) implements SessionEvent {

        /** @throws TidalException INVALID_ARGUMENT if the weight is not finite as a float */
        public Interaction {
            if (!Float.isFinite((float) weight)) {
                throw TidalException.invalid("weight " + weight + " of an interaction is not finite");
            }
        }
    }

    /** The session ends. */
    record Close() implements SessionEvent {}

    private static void check(String what, String text, int least, int most) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length < least || utf8.length > most) {
            throw TidalException.invalid("the " + what + " has " + utf8.length + " bytes: expected " + least + " to "
                    + most + " bytes of UTF-8");
        }
        if (!text.equals(new String(utf8, StandardCharsets.UTF_8))) {
            throw TidalException.invalid(
                    "the " + what + " has half a surrogate pair: expected text that UTF-8 can hold");
        }
    }
}
