package io.tidaldb.server.http.route;

import io.tidaldb.api.Durability;

/**
 * What a tenant is that is created without a word on it.
 *
 * @param durability when its writes are acknowledged
 * @param encrypted whether it is encrypted
 */
public record TenantDefaults(Durability durability, boolean encrypted) {

    /** Of a data directory that no node is configured for. */
    public static final TenantDefaults UNCONFIGURED = new TenantDefaults(Durability.LOCAL, false);
}
