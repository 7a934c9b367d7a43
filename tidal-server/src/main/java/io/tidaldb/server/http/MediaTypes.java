package io.tidaldb.server.http;

/** The media types that are spoken. */
final class MediaTypes {

    static final String JSON = "application/json";
    static final String NDJSON = "application/x-ndjson";
    static final String PROBLEM = "application/problem+json";
    static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    static final String OCTETS = "application/octet-stream";
    static final String EVENTS = "text/event-stream";

    private MediaTypes() {}
}
