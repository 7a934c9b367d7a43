package io.tidaldb.server.auth;

import io.tidaldb.api.TenantId;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A token as it is kept: the secret itself is known to its owner alone.
 *
 * @param id what it is called in lists and logs: 12 hexadecimal digits
 * @param hash SHA-256 of the secret's bytes, in hexadecimal digits
 * @param expires after which it is refused; null for never
 */
public record Token(
        String id,
        String label,
        String hash,
        List<Scope> scopes,
        List<TenantId> tenants,
        Instant created,
        @Nullable Instant expires) {

    /** Copies. */
    public Token {
        scopes = List.copyOf(scopes);
        tenants = List.copyOf(tenants);
    }
}
