package io.tidaldb.wal.rocks;

/** The disk did not take a write, and nothing of it is there: what was to be written can be taken back. */
final class RefusedWrite extends Exception {

    private static final long serialVersionUID = 1L;

    RefusedWrite(Throwable cause) {
        super(cause.getMessage(), cause);
    }
}
