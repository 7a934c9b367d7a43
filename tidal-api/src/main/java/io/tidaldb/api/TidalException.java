package io.tidaldb.api;

import org.jspecify.annotations.Nullable;

/** A failure with a stable {@link ErrorCode}. The message names the thing, the value, what was expected and what to do. */
public class TidalException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    /** Creates a failure. */
    public TidalException(ErrorCode code, String message) {
        this(code, message, null);
    }

    /** Creates a failure with its cause. */
    public TidalException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** For refusals on hot paths: without a stack trace, which costs more than the refusal itself. */
    TidalException(ErrorCode code, String message, boolean writableStackTrace) {
        super(message, null, false, writableStackTrace);
        this.code = code;
    }

    /** Returns an {@link ErrorCode#INVALID_ARGUMENT} failure. */
    public static TidalException invalid(String message) {
        return new TidalException(ErrorCode.INVALID_ARGUMENT, message);
    }

    /** Returns why the operation failed. */
    public final ErrorCode code() {
        return code;
    }

    /** Returns what the operation may have done. */
    public final Outcome outcome() {
        return code.outcome();
    }

    /** Returns whether trying again later, with the same idempotency key, can succeed. */
    public boolean isRetryable() {
        return switch (code) {
            case OVERLOADED,
                    NOT_OWNER,
                    NOT_CAUGHT_UP,
                    DEADLINE_EXCEEDED,
                    PARTLY_APPLIED,
                    PEER_UNAVAILABLE,
                    STORAGE_FULL -> true;
            default -> false;
        };
    }
}
