package io.tidaldb.core;

import io.tidaldb.api.TidalException;

/**
 * The number of a write in its session: 1 is its start, each write has the next one.
 *
 * @param value 1 to 10,000
 */
public record SessionSeqNo(int value) implements Comparable<SessionSeqNo> {

    /** The highest number, which only the end of a session can have. */
    public static final int MAX = 10_000;

    /** The number of the write that starts a session. */
    public static final SessionSeqNo FIRST = new SessionSeqNo(1);

    /** @throws TidalException INVALID_ARGUMENT if it is out of range */
    public SessionSeqNo {
        if (value < 1 || value > MAX) {
            throw TidalException.invalid(
                    "number " + value + " of a session's write is out of range: expected 1 to " + MAX);
        }
    }

    /** Returns this number. */
    public static SessionSeqNo of(int value) {
        return new SessionSeqNo(value);
    }

    /** Returns the number of the write that follows. */
    public SessionSeqNo next() {
        return new SessionSeqNo(value + 1);
    }

    @Override
    public int compareTo(SessionSeqNo other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Integer.toString(value);
    }
}
