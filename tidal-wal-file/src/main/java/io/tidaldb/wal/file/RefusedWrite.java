package io.tidaldb.wal.file;

import java.io.IOException;

/**
 * The disk did not take a write, or not all of it: it is full, or a limit of the system's is reached. Unlike after a failed sync, it is
 * known what the disk holds, and the same bytes may be written to the same place again.
 */
final class RefusedWrite extends IOException {

    private static final long serialVersionUID = 1L;

    RefusedWrite(Throwable cause) {
        super(cause instanceof RefusedWrite ? cause.getMessage() : cause.toString(), cause);
    }
}
