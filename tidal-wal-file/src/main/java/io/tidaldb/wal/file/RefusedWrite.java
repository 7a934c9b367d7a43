package io.tidaldb.wal.file;

import java.io.IOException;

/**
 * The disk did not take a write, or not all of it: it is full, a limit of the system's is reached, or there is no memory to write from. Unlike
 * after a failed sync, it is known what the disk holds, and the same bytes may be written to the same place again.
 */
final class RefusedWrite extends IOException {

    private static final long serialVersionUID = 1L;

    RefusedWrite(Throwable cause) {
        super(cause instanceof RefusedWrite ? cause.getMessage() : cause.toString(), cause);
    }

    /** Returns whether it is memory that there was none of, and not room. */
    boolean isForMemory() {
        Throwable cause = getCause();
        return cause instanceof RefusedWrite refused ? refused.isForMemory() : cause instanceof OutOfMemoryError;
    }
}
