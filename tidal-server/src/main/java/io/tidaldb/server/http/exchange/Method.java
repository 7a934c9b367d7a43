package io.tidaldb.server.http.exchange;

/** What a route does. */
public enum Method {
    GET,
    POST,
    PATCH,
    DELETE
}
