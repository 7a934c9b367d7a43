package io.tidaldb.server.http;

/** What a route does. */
enum Method {
    GET,
    POST,
    PATCH,
    DELETE
}
