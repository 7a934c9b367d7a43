package io.tidaldb.server.importing;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds tenants as people write them: by number, or by label if the text is no number. Not thread-safe. */
public final class TenantLookup {

    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final Pattern PRINTED = Pattern.compile("t\\d+");

    private final Tidal tidal;
    private final boolean create;
    private final Map<String, Tenant> known = new HashMap<>();

    /** @param create whether a missing tenant is created: under its number, or under the next free one with the text as label */
    public TenantLookup(Tidal tidal, boolean create) {
        this.tidal = tidal;
        this.create = create;
    }

    /**
     * Returns a tenant, or null if there is none.
     *
     * @throws TidalException INVALID_ARGUMENT if the text can be neither a number nor a label
     */
    public @Nullable Tenant find(String text) {
        Tenant tenant = known.get(text);
        if (tenant == null) {
            tenant = existing(tidal, text).orElse(null);
            if (tenant == null && create) {
                tenant = tidal.createTenant(configuration(text));
            }
            if (tenant != null) {
                known.put(text, tenant);
            }
        }
        return tenant;
    }

    /** Returns the tenant that a command names: {@code 42}, {@code t42} or a label. */
    public static Optional<Tenant> named(Tidal tidal, String text) {
        Optional<Tenant> tenant = existing(tidal, text);
        return tenant.isEmpty() && PRINTED.matcher(text).matches() ? tidal.tenant(TenantId.parse(text)) : tenant;
    }

    private static Optional<Tenant> existing(Tidal tidal, String text) {
        return NUMBER.matcher(text).matches() ? tidal.tenant(TenantId.parse(text)) : tidal.tenantLabelled(text);
    }

    private TenantConfig configuration(String text) {
        if (NUMBER.matcher(text).matches()) {
            return TenantConfig.builder(TenantId.parse(text)).build();
        }
        return TenantConfig.builder(nextFree(tidal)).label(text).build();
    }

    /** Returns the lowest number from 1 that no tenant has. */
    public static TenantId nextFree(Tidal tidal) {
        long id = 1;
        while (tidal.tenant(TenantId.of(id)).isPresent()) {
            id++;
        }
        return TenantId.of(id);
    }
}
