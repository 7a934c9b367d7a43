package io.tidaldb.server.cli;

import io.tidaldb.api.TidalException;

/** What the process answers; scripts rely on it. */
public final class ExitCodes {

    /** Done. */
    public static final int DONE = 0;

    /** Failed. */
    public static final int FAILED = 1;

    /** Called with wrong arguments. */
    public static final int USAGE = 2;

    /** Refused by a quota or a safety check. */
    public static final int REFUSED = 3;

    private ExitCodes() {}

    /** Returns the code for a failure of the store. */
    public static int of(TidalException failure) {
        return switch (failure.code()) {
            case QUOTA_EXCEEDED, UNSAFE -> REFUSED;
            case INVALID_ARGUMENT -> USAGE;
            default -> FAILED;
        };
    }
}
