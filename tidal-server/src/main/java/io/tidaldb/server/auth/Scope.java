package io.tidaldb.server.auth;

import io.tidaldb.api.TidalException;

/** What a token allows. None includes another, but for the operator's, which includes all. */
public enum Scope {
    /** Everything, for all tenants. */
    OPERATOR,
    /** To record signals of the tenants that the token names. */
    WRITE,
    /** To read what the tenants that the token names have. */
    READ;

    /**
     * Reads a name in either case.
     *
     * @throws TidalException INVALID_ARGUMENT if there is no such scope
     */
    public static Scope parse(String text) {
        for (Scope scope : values()) {
            if (scope.name().equalsIgnoreCase(text)) {
                return scope;
            }
        }
        throw TidalException.invalid("a scope is not known: expected operator, read or write");
    }
}
