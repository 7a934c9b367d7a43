package io.tidaldb.core;

import io.tidaldb.api.WalSegmentId;
import java.time.Instant;

/**
 * A write of a session.
 *
 * @param at when it was written, by the clock of the node that took it
 * @param position where it is
 * @param hlc the stamp by which writes are ordered
 */
public record SessionEntry(SessionSeqNo number, SessionEvent event, Instant at, WalSegmentId position, long hlc) {}
