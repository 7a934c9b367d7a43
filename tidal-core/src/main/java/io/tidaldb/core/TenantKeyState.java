package io.tidaldb.core;

import io.tidaldb.api.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How a tenant's keys are.
 *
 * @param encrypted whether it was created encrypted: then what is stored of it is sealed with the newest of its keys
 * @param keys its data keys, the oldest first
 * @param revoked whether their use was forbidden
 * @param suspension why nothing of the tenant is read or written on the node that was asked; empty if it is
 */
public record TenantKeyState(
        TenantId tenant, boolean encrypted, List<Key> keys, boolean revoked, Optional<String> suspension) {

    /** Copies the list. */
    public TenantKeyState {
        keys = List.copyOf(keys);
    }

    /**
     * A data key.
     *
     * @param id stands before everything that it sealed
     */
    public record Key(int id, Instant created) {}
}
