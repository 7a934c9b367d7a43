package io.tidaldb.server.http.exchange;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TidalException;

/** Which status a failure of the store has; the only place that says so. */
final class ErrorStatus {

    private ErrorStatus() {}

    static int of(TidalException failure) {
        if (failure instanceof QuotaExceededException quota && quota.cause() == QuotaExceededException.Cause.NEVER) {
            return 422;
        }
        return of(failure.code());
    }

    static int of(ErrorCode code) {
        return switch (code) {
            case INVALID_ARGUMENT, INVALID_CONFIGURATION -> 400;
            case UNKNOWN_SIGNAL, TENANT_NOT_FOUND, MIGRATION_NOT_FOUND, SESSION_NOT_FOUND -> 404;
            case TENANT_EXISTS,
                    SIGNAL_CONFLICT,
                    NAME_COLLISION,
                    NOT_CAUGHT_UP,
                    UNSAFE,
                    VERSION_MISMATCH,
                    SESSION_OUT_OF_ORDER,
                    SESSION_CLOSED,
                    KEY_UNAVAILABLE -> 409;
            case POSITION_UNKNOWN -> 412;
            case TENANT_SUSPENDED -> 423;
            case NOT_OWNER -> 421;
            case RESIDENCY_UNSATISFIABLE, INVALID_RANGES, IDEMPOTENCY_KEY_REUSED, EVENT_TIME_TOO_FAR, UNSUPPORTED ->
                422;
            case QUOTA_EXCEEDED -> 429;
            case OVERLOADED, PARTLY_APPLIED, PEER_UNAVAILABLE, CLOSED, STORE_FAILED, CORRUPT_LOG, CORRUPT_DATA -> 503;
            case DEADLINE_EXCEEDED -> 504;
            case STORAGE_FULL -> 507;
            case WAL_GAP, DIRECTORY_LOCKED, DIRECTORY_MISMATCH, FORMAT_TOO_NEW, PLUGIN_UNAVAILABLE, INTERNAL -> 500;
        };
    }
}
