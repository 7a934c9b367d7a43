package io.tidaldb.api.key;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;

/**
 * Keeps master keys, and wraps with them the data keys that seal what tenants write. A master key never leaves the vault; a wrapped data key
 * is no secret and is kept with what was agreed in the cluster, in backups too.
 *
 * <ul>
 *   <li>What {@link #wrap} returns, {@link #unwrap} gives back as long as the master key is there, in any process that has the same master
 *       keys, also after newer master keys have come.
 *   <li>A wrapped key is bound to its tenant: under another one it can't be unwrapped, and neither can one of which a bit was changed.
 *   <li>A master key that is gone, or that others could read, is {@link ErrorCode#KEY_UNAVAILABLE}, with the way out in the message; once
 *       it is back as it should be, the next call succeeds. Nothing is remembered from call to call.
 *   <li>No message holds a byte of a key.
 *   <li>Safe for any number of threads. May block for some milliseconds; asked every few seconds for each tenant.
 * </ul>
 *
 * {@code KeyVaultContract} in the testkit checks each line above.
 */
public interface KeyVault {

    /** Length of a data key in bytes: AES-256. */
    int DATA_KEY_BYTES = 32;

    /** Most bytes of a wrapped key. */
    int MAX_WRAPPED_BYTES = 1024;

    /**
     * Wraps a data key with the newest master key that is meant for the tenant.
     *
     * @param dataKey {@value #DATA_KEY_BYTES} bytes; not kept and not changed
     * @return up to {@value #MAX_WRAPPED_BYTES} bytes that say, too, which master key it was
     * @throws TidalException {@link ErrorCode#KEY_UNAVAILABLE}
     */
    byte[] wrap(TenantId tenant, byte[] dataKey);

    /**
     * Returns a data key that was wrapped for this tenant.
     *
     * @throws TidalException {@link ErrorCode#KEY_UNAVAILABLE}
     */
    byte[] unwrap(TenantId tenant, byte[] wrapped);

    /**
     * Destroys the master keys that are meant for this tenant alone, for good. Those that it shares with others stay.
     *
     * @throws TidalException {@link ErrorCode#KEY_UNAVAILABLE} if one can't be destroyed; it may be tried again
     */
    void destroy(TenantId tenant);
}
