package io.tidaldb.it;

import io.tidaldb.api.WalSegmentId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What clients saw of one tenant, and what is in its logs in the end. Each event is written once, and counts one for its entity; a session is
 * a client that does one thing after the other. Times come from one clock.
 *
 * <p>Safe for use by several threads.
 */
final class ClientHistory {

    /** What a client was told of a write. */
    enum Told {
        ACKED,
        REFUSED,
        UNKNOWN
    }

    /** A write of one event, and where it was said to be if it was acknowledged. */
    record Write(
            int session,
            long event,
            long entity,
            long began,
            long ended,
            Told told,
            @Nullable WalSegmentId at) {}

    /**
     * A read of an entity's count.
     *
     * @param fresh whether the answer said that nothing acknowledged is missing in it
     */
    record Read(int session, long entity, long began, long ended, long count, boolean fresh) {}

    /** An event as it stands in a log; in the order of each log. */
    record Found(WalSegmentId at, long event, long entity) {}

    private final List<Write> writes = new ArrayList<>();
    private final List<Read> reads = new ArrayList<>();
    private final List<Found> found = new ArrayList<>();

    synchronized void add(Write write) {
        writes.add(write);
    }

    synchronized void add(Read read) {
        reads.add(read);
    }

    synchronized void add(Found event) {
        found.add(event);
    }

    List<Write> writes() {
        return writes;
    }

    List<Read> reads() {
        return reads;
    }

    List<Found> found() {
        return found;
    }
}
