package io.tidaldb.core.key;

import java.util.List;

/**
 * What is agreed on a tenant's keys.
 *
 * @param wrapped its data keys in order of their numbers, from 1 on; empty for a tenant that is not encrypted, or was created a moment ago
 * @param revoked whether nobody may use them for now
 */
public record TenantKeys(List<WrappedKey> wrapped, boolean revoked) {

    /** Of a tenant that has no keys. */
    public static final TenantKeys NONE = new TenantKeys(List.of(), false);

    /** Copies the list. */
    public TenantKeys {
        wrapped = List.copyOf(wrapped);
    }
}
