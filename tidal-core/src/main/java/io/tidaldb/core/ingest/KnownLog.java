package io.tidaldb.core.ingest;

/**
 * What is known of an origin's log in a damaged slot.
 *
 * @param lastSeqno up to where it went, as far as can be told
 * @param readable whether it is whole, so that others can be given what they lack of it
 */
public record KnownLog(long lastSeqno, boolean readable) {}
