package io.tidaldb.api.wal;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;

/** Bytes that should be a batch are not one. Says what was expected and found; who reads a file adds where. */
public final class BatchCorruptException extends TidalException {

    private static final long serialVersionUID = 1L;

    private final String expected;
    private final String actual;

    BatchCorruptException(String expected, String actual) {
        super(ErrorCode.CORRUPT_DATA, "batch is damaged: expected " + expected + ", found " + actual);
        this.expected = expected;
        this.actual = actual;
    }

    /** Returns what should be there. */
    public String expected() {
        return expected;
    }

    /** Returns what is there. */
    public String actual() {
        return actual;
    }
}
