package io.tidaldb.server.auth;

/** What a token allows. None includes another, but for the operator's, which includes all. */
public enum Scope {
    /** Everything, for all tenants. */
    OPERATOR,
    /** To record signals of the tenants that the token names. */
    WRITE,
    /** To read what the tenants that the token names have. */
    READ
}
