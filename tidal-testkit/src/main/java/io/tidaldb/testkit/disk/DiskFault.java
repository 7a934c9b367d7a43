package io.tidaldb.testkit.disk;

import java.io.IOException;

/** Decides what becomes of each call. Called by the thread that makes the call, one call at a time. */
@FunctionalInterface
public interface DiskFault {

    /** What the disk does with a call. */
    enum Outcome {
        /** What was asked. */
        DONE,
        /** A write takes half of the bytes, at least one, and says so; a read gives half of them. */
        SHORT,
        /** A sync says that it is done, and nothing is durable that was not before. */
        LYING,
        /** A read gives one wrong bit, in the middle. */
        FLIPPED,
        /** A read gives what lies one block further, or at the file's beginning if there is none; zeros if that is the same block. */
        MISDIRECTED
    }

    /**
     * Decides about a call.
     *
     * @throws IOException if the call fails: nothing of it is done. What a sync that failed was to make durable never is, unless it
     *     is written again, as with Linux
     */
    Outcome on(DiskCall call) throws IOException;
}
