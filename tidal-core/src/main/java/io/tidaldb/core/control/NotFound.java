package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;

/** What is said of something that was named and is not there: where those are listed that are, on the command line and over HTTP. */
public final class NotFound {

    private NotFound() {}

    /** Returns TENANT_NOT_FOUND. */
    public static TidalException tenant(TenantId id) {
        return tenant(id.toString());
    }

    /**
     * Returns TENANT_NOT_FOUND.
     *
     * @param named a number or a label
     */
    public static TidalException tenant(String named) {
        return new TidalException(
                ErrorCode.TENANT_NOT_FOUND,
                "tenant " + named + " does not exist: see tidal tenant list, or GET /v1/tenants");
    }

    /** Returns MIGRATION_NOT_FOUND. */
    public static TidalException migration(long id) {
        return new TidalException(
                ErrorCode.MIGRATION_NOT_FOUND,
                "migration " + id + " does not exist: see tidal migrate list, or GET /v1/migrations");
    }

    /** Returns a command's refusal because of that. */
    static Reply refusal(TidalException notFound) {
        return new Reply.Refused(notFound.code(), String.valueOf(notFound.getMessage()));
    }
}
