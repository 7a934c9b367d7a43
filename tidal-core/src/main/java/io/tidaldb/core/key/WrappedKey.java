package io.tidaldb.core.key;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import java.util.Arrays;
import java.util.Base64;

/**
 * A tenant's data key as it is agreed on: wrapped by a master key, without which it is of no use.
 *
 * @param id which of the tenant's keys, from 1 on; stands before everything that it sealed
 * @param wrapped what the vault made of it, in Base64
 * @param createdMillis when, by the clock of the node that made it
 */
public record WrappedKey(int id, String wrapped, long createdMillis) {

    /** @throws TidalException INVALID_ARGUMENT if it can't be a key */
    public WrappedKey {
        if (id < 1 || wrapped.isEmpty() || bytes(wrapped).length > KeyVault.MAX_WRAPPED_BYTES) {
            throw TidalException.invalid("wrapped key " + id + " of " + wrapped.length()
                    + " characters is not valid: expected a number from 1 on, and up to "
                    + KeyVault.MAX_WRAPPED_BYTES + " bytes in Base64");
        }
    }

    /** Returns a key as a vault wrapped it. */
    public static WrappedKey of(int id, byte[] wrapped, long createdMillis) {
        return new WrappedKey(id, Base64.getEncoder().encodeToString(wrapped), createdMillis);
    }

    byte[] bytes() {
        return bytes(wrapped);
    }

    /**
     * Returns the same key wrapped with the newest master key.
     *
     * @throws TidalException KEY_UNAVAILABLE
     */
    public WrappedKey rewrapped(TenantId tenant, KeyVault vault) {
        byte[] dataKey = vault.unwrap(tenant, bytes());
        try {
            return of(id, vault.wrap(tenant, dataKey), createdMillis);
        } finally {
            Arrays.fill(dataKey, (byte) 0);
        }
    }

    private static byte[] bytes(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new TidalException(ErrorCode.INVALID_ARGUMENT, "a wrapped key is not valid: expected Base64", e);
        }
    }
}
