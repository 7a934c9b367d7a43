package io.tidaldb.server.cli;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
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
        if (failure instanceof QuotaExceededException || failure.code() == ErrorCode.UNSAFE) {
            return REFUSED;
        }
        return failure.code() == ErrorCode.INVALID_ARGUMENT ? USAGE : FAILED;
    }
}
