package io.tidaldb.server.http.exchange;

/** The media types that are spoken. */
public final class MediaTypes {

    public static final String JSON = "application/json";
    public static final String NDJSON = "application/x-ndjson";
    public static final String PROBLEM = "application/problem+json";
    public static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    public static final String OCTETS = "application/octet-stream";
    public static final String EVENTS = "text/event-stream";

    private MediaTypes() {}
}
