package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.WalSegmentId;
import java.time.Instant;
import java.util.List;

/** What a user did that is no signal, as it stands in a tenant's log. */
public sealed interface RecordedAct {

    /** Returns where it is. */
    WalSegmentId position();

    /** Returns the hybrid logical clock of its batch, by which acts of different logs are in order. */
    long hlc();

    /**
     * A write of a session.
     *
     * @param at when it was written, by the clock of the node that took it
     */
    record InSession(
            WalSegmentId position, long hlc, SessionId session, SessionSeqNo number, SessionEvent event, Instant at)
            implements RecordedAct {}

    /** A user does not want to see something. */
    record Hidden(WalSegmentId position, long hlc, NegativeKind kind, EntityId user, EntityId entity)
            implements RecordedAct {}

    /**
     * A user wants to see something again.
     *
     * @param records what it takes back, and nothing else
     */
    record Withdrawn(
            WalSegmentId position,
            long hlc,
            NegativeKind kind,
            EntityId user,
            EntityId entity,
            List<WalSegmentId> records)
            implements RecordedAct {

        /** Copies the list. */
        public Withdrawn {
            records = List.copyOf(records);
        }
    }
}
