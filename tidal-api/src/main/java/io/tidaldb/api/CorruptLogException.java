package io.tidaldb.api;

/** A log holds bytes that are not what was written. The log is quarantined; other logs are not affected. */
public final class CorruptLogException extends TidalException {

    /** What helps where files are damaged, to end a message with. */
    public static final String REMEDY =
            "a tenant that has other replicas, and is not written everywhere, fetches it from one of them by itself, and health and the audit"
                    + " log say how far that is; else restore the file from a copy, or delete the tenant";

    private static final long serialVersionUID = 1L;

    private final String file;
    private final long offset;
    private final String expected;
    private final String actual;

    /**
     * Creates a report of damage.
     *
     * @param log what is affected, as printed
     * @param file the file, relative to the data directory
     * @param offset in bytes from its start
     * @param expected what should be there
     * @param actual what is there
     */
    public CorruptLogException(String log, String file, long offset, String expected, String actual) {
        super(
                ErrorCode.CORRUPT_LOG,
                "log " + log + " is damaged: " + file + " at offset " + offset + ": expected " + expected + ", found "
                        + actual + "; the log is quarantined: " + REMEDY);
        this.file = file;
        this.offset = offset;
        this.expected = expected;
        this.actual = actual;
    }

    /** Returns the damaged file, relative to the data directory. */
    public String file() {
        return file;
    }

    /** Returns the offset of the damage in bytes. */
    public long offset() {
        return offset;
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
