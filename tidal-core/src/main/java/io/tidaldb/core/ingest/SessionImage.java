package io.tidaldb.core.ingest;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.codec.SessionRecord;
import java.util.List;

/**
 * What a replica knows of a session.
 *
 * @param writes in order of their numbers; none if it has no such session
 * @param mark the highest number up to which all are there
 * @param stalenessNanos for how long writes may be missing, −1 if that is not known
 */
public record SessionImage(List<Write> writes, long mark, ReplicaId replica, long stalenessNanos) {

    /** A write and where it is. */
    public record Write(SessionRecord record, WalSegmentId name, long hlc) {}
}
