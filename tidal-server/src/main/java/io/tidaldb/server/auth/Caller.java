package io.tidaldb.server.auth;

import io.tidaldb.api.TenantId;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who is known.
 *
 * @param name for logs; never the token
 * @param tenants whom the scopes other than the operator's are about
 */
public record Caller(String name, Set<Scope> scopes, Set<TenantId> tenants) {

    /** Everybody on this machine, where no tokens are asked for. */
    public static final Caller LOCAL_OPERATOR = new Caller("local", Set.of(Scope.OPERATOR), Set.of());

    /** Returns whether a scope is given, for a tenant where it is about one. */
    public boolean may(Scope scope, @Nullable TenantId tenant) {
        return scopes.contains(Scope.OPERATOR)
                || (scope != Scope.OPERATOR && scopes.contains(scope) && tenant != null && tenants.contains(tenant));
    }
}
