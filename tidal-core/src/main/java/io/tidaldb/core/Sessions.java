package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import java.util.concurrent.CompletionStage;

/**
 * Sessions: what a user or an agent does, in order, also while they move between regions.
 *
 * <ul>
 *   <li>Writes are numbered from 1 by whoever writes. A replica takes number n only when it holds 1 to n − 1: else it waits for them up to
 *       three quarters of the deadline, then refuses with SESSION_OUT_OF_ORDER, which has no effect.
 *   <li>A retry with the same number, content and idempotency key has no second effect and returns the first position, once that record
 *       holds the durability asked for now. A write without a key gets one made of its session, number and content. The session remembers
 *       its keys for as long as it is remembered itself.
 *   <li>A session takes at most {@value SessionSeqNo#MAX} writes and none after 24 idle hours; it is forgotten seven days after its last
 *       write. Its log stays.
 *   <li>A read that presents the positions of writes sees them, or fails: {@link ReadOptions#minPosition}, {@link ReadOptions#patience}.
 * </ul>
 *
 * <p>Each write counts one permit of the tenant's rate, and the entities that it names towards the tenant's. Safe for any number of threads.
 */
public interface Sessions {

    /** Starts a session of a user; returns when that is acknowledged. */
    default Position start(SessionId session, EntityId user, WriteOptions options) {
        return write(session, SessionSeqNo.FIRST, new SessionEvent.Start(user), options);
    }

    /**
     * Writes to a session; returns when that is acknowledged.
     *
     * @throws TidalException SESSION_OUT_OF_ORDER if the writes before it are not here in time, or the number was another write's;
     *     SESSION_CLOSED
     */
    Position write(SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options);

    /** As {@link #write}, without waiting; refusals come through the stage too, which completes on a callback thread of the instance. */
    CompletionStage<Position> writeAsync(
            SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options);

    /** Ends a session; returns when that is acknowledged. */
    default Position close(SessionId session, SessionSeqNo number, WriteOptions options) {
        return write(session, number, new SessionEvent.Close(), options);
    }

    /**
     * Reads a session.
     *
     * @throws TidalException SESSION_NOT_FOUND if the replica has no such session; DEADLINE_EXCEEDED if it has not seen the position asked
     *     for in time; POSITION_UNKNOWN if nobody can ever have written there
     */
    Session read(SessionId session, ReadOptions options);
}
