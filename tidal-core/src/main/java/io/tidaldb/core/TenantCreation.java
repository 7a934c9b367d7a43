package io.tidaldb.core;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import org.jspecify.annotations.Nullable;

/**
 * What became of one of several tenants that were to be created: it is there, or it is not and something says why.
 *
 * @param tenant null if it was refused
 * @param refusal null if it was created
 */
public record TenantCreation(
        TenantId id, @Nullable Tenant tenant, @Nullable TidalException refusal) {}
