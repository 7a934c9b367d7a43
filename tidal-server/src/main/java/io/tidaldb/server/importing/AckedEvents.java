package io.tidaldb.server.importing;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Everything that was acknowledged, as a multiset for each tenant. Guarded by itself. */
public final class AckedEvents implements AckSink {

    /** What makes two events the same. Weights compare as bits, since they come back as they were recorded. */
    record Key(String signal, long entity, int weightBits, long eventNanos) {}

    /** The records of one origin that one process acknowledged: the first and the last. */
    record Span(long first, long last) {

        Span with(long seqno) {
            return new Span(
                    Long.compareUnsigned(seqno, first) < 0 ? seqno : first,
                    Long.compareUnsigned(seqno, last) > 0 ? seqno : last);
        }
    }

    /** Where a record lies in the log of its origin. */
    enum Place {
        /** Before the first acknowledged record: it was there already. */
        BEFORE,
        /** From the first to the last record that one process acknowledged. */
        ACKNOWLEDGED,
        /** After the last one of a process, and before the first of the next. */
        UNACKNOWLEDGED
    }

    /** What was acknowledged to one tenant. */
    static final class OfTenant {

        private final Map<Key, int[]> counts = new HashMap<>();
        private final Map<Origin, TreeMap<Integer, Span>> spans = new HashMap<>();

        /** Returns whether the event was acknowledged before. */
        private boolean add(Acknowledgement ack, int log) {
            Key key = new Key(ack.signal(), ack.entity().value(), Float.floatToIntBits(ack.weight()), ack.eventNanos());
            for (WalSegmentId record : ack.position().records()) {
                spans.computeIfAbsent(record.origin(), unused -> new TreeMap<>())
                        .merge(log, new Span(record.seqno(), record.seqno()), (span, one) -> span.with(one.first()));
            }
            return ++counts.computeIfAbsent(key, unused -> new int[1])[0] > 1;
        }

        /** Returns each event and how often it was acknowledged. */
        Map<Key, int[]> counts() {
            return counts;
        }

        /** Returns where a record lies. An origin that nothing was acknowledged from has no before. */
        Place place(Origin origin, long seqno) {
            Place place = Place.BEFORE;
            TreeMap<Integer, Span> ofLogs = spans.get(origin);
            if (ofLogs == null) {
                return Place.UNACKNOWLEDGED;
            }
            for (Span span : ofLogs.values()) {
                if (Long.compareUnsigned(seqno, span.last()) > 0) {
                    place = Place.UNACKNOWLEDGED;
                } else if (Long.compareUnsigned(seqno, span.first()) >= 0) {
                    return Place.ACKNOWLEDGED;
                }
            }
            return place;
        }
    }

    private final Map<TenantId, OfTenant> tenants = new TreeMap<>();
    private long total;
    private boolean repeats;
    private int log;

    @Override
    public synchronized void acknowledged(Acknowledgement ack) {
        repeats |=
                tenants.computeIfAbsent(ack.tenant(), unused -> new OfTenant()).add(ack, log);
        total++;
    }

    /** What follows was acknowledged by another process. */
    public synchronized void nextLog() {
        log++;
    }

    /** Returns whether the source repeats events exactly, for whichever tenant. */
    synchronized boolean repeats() {
        return repeats;
    }

    /** Returns how many events were acknowledged. */
    public synchronized long total() {
        return total;
    }

    /** Returns the tenants, in order of id; not to be used while acknowledgements arrive. */
    synchronized Map<TenantId, OfTenant> tenants() {
        return tenants;
    }
}
