package io.tidaldb.server.cli;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.TenantLookup;

/** Finds the tenant that a command names. */
final class Tenants {

    private Tenants() {}

    /** @throws TidalException TENANT_NOT_FOUND */
    static Tenant named(Tidal tidal, String text) {
        return TenantLookup.named(tidal, text)
                .orElseThrow(() -> new TidalException(
                        ErrorCode.TENANT_NOT_FOUND,
                        "tenant " + text + " does not exist: expected a number or a label; see tidal tenant list"));
    }
}
