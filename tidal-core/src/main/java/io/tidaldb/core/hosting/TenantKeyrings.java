package io.tidaldb.core.hosting;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.core.TenantKeyState;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.key.TenantKeys;
import io.tidaldb.core.key.WrappedKey;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.RandomSource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What this process makes of tenants' wrapped keys, with its vault if it has one. Safe for any number of threads. */
public final class TenantKeyrings {

    private final @Nullable KeyVault vault;
    private final RandomSource random;
    private final Clock clock;

    /** Creates what finds data keys; without a vault there are none. */
    public TenantKeyrings(@Nullable KeyVault vault, RandomSource random, Clock clock) {
        this.vault = vault;
        this.random = random;
        this.clock = clock;
    }

    /** Returns whether this process can have any keys. */
    boolean hasVault() {
        return vault != null;
    }

    /** Returns a tenant's keys, or why there are none to be had. */
    public KeyRing of(TenantRecord tenant) {
        TenantId id = tenant.config().id();
        TenantKeys keys = tenant.keys();
        if (!tenant.config().encrypted()) {
            return KeyRing.NONE;
        } else if (keys.revoked()) {
            return KeyRing.suspended(
                    id, "its keys are revoked; nothing of it is read or written until they are restored", null);
        } else if (keys.wrapped().isEmpty()) {
            return KeyRing.suspended(
                    id, "it has no key yet; nodes that have a master key give it one within keys.check_every", null);
        }
        try {
            return of(id, keys.wrapped());
        } catch (TidalException e) {
            return KeyRing.suspended(id, String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Unwraps keys, perhaps of a tenant of another cluster.
     *
     * @throws TidalException KEY_UNAVAILABLE
     */
    public KeyRing of(TenantId tenant, List<WrappedKey> wrapped) {
        return wrapped.isEmpty() ? KeyRing.NONE : KeyRing.of(tenant, wrapped, vault(), random::nextLong);
    }

    /**
     * Returns a tenant's keys with another one at the end, all wrapped with the newest master key.
     *
     * @throws TidalException KEY_UNAVAILABLE
     */
    public List<WrappedKey> rotated(TenantId tenant, List<WrappedKey> before) {
        List<WrappedKey> after = new ArrayList<>();
        for (WrappedKey each : before) {
            after.add(each.rewrapped(tenant, vault()));
        }
        after.add(KeyRing.newKey(tenant, before.size() + 1, vault(), random::nextLong, clock.wallNanos() / 1_000_000));
        return after;
    }

    /** Destroys what is meant for a tenant alone that is no more. */
    public void destroy(TenantId tenant) {
        if (vault != null) {
            vault.destroy(tenant);
        }
    }

    private KeyVault vault() {
        if (vault == null) {
            throw new TidalException(
                    ErrorCode.KEY_UNAVAILABLE,
                    "this node has no key vault, so it can't have an encrypted tenant: expected a directory of master keys"
                            + " (keys.dir, or --keys DIR where a command opens the data directory), the same on all nodes");
        }
        return vault;
    }

    /** Returns what users see of a tenant's keys. */
    public static TenantKeyState state(TenantRecord record, @Nullable TidalException suspension) {
        List<TenantKeyState.Key> keys =
                record.keys().wrapped().stream().map(TenantKeyrings::key).toList();
        return new TenantKeyState(
                record.config().id(),
                record.config().encrypted(),
                keys,
                record.keys().revoked(),
                Optional.ofNullable(suspension).map(Throwable::getMessage));
    }

    private static TenantKeyState.Key key(WrappedKey wrapped) {
        return new TenantKeyState.Key(wrapped.id(), Instant.ofEpochMilli(wrapped.createdMillis()));
    }
}
