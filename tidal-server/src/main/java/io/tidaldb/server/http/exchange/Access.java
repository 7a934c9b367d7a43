package io.tidaldb.server.http.exchange;

/** Who may call a route. */
public enum Access {
    /** Everybody. */
    OPEN,
    /** Whoever has a valid token, whatever it allows. */
    KNOWN,
    /** Whoever may read from the tenant in the path. */
    READ,
    /** Whoever may write to the tenant in the path. */
    WRITE,
    /** Operators; and whoever may read from the tenant that the query names. */
    READ_IN_QUERY,
    /** Operators. */
    OPERATOR
}
