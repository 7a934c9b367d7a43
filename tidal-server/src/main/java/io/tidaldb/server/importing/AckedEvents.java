package io.tidaldb.server.importing;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Everything that was acknowledged, as a multiset for each tenant. Guarded by itself. */
public final class AckedEvents implements AckSink {

    /** What makes two events the same. Weights compare as bits, since they come back as they were recorded. */
    record Key(String signal, long entity, int weightBits, long eventNanos) {}

    /** The acknowledged records of one origin: the first and the last. */
    record Span(long first, long last) {

        Span with(long seqno) {
            return new Span(
                    Long.compareUnsigned(seqno, first) < 0 ? seqno : first,
                    Long.compareUnsigned(seqno, last) > 0 ? seqno : last);
        }
    }

    /** What was acknowledged to one tenant. */
    static final class OfTenant {

        private final Map<Key, int[]> counts = new HashMap<>();
        private final Map<Origin, Span> spans = new HashMap<>();
        private boolean repeats;

        private void add(Acknowledgement ack) {
            Key key = new Key(ack.signal(), ack.entity().value(), Float.floatToIntBits(ack.weight()), ack.eventNanos());
            repeats |= ++counts.computeIfAbsent(key, unused -> new int[1])[0] > 1;
            for (WalSegmentId record : ack.position().records()) {
                Span span = spans.get(record.origin());
                spans.put(
                        record.origin(),
                        span == null ? new Span(record.seqno(), record.seqno()) : span.with(record.seqno()));
            }
        }

        /** Returns each event and how often it was acknowledged. */
        Map<Key, int[]> counts() {
            return counts;
        }

        /** Returns the acknowledged records of an origin, or null if there is none. */
        @Nullable
        Span span(Origin origin) {
            return spans.get(origin);
        }

        /** Returns whether the source repeats events exactly. */
        boolean repeats() {
            return repeats;
        }
    }

    private final Map<TenantId, OfTenant> tenants = new TreeMap<>();
    private long total;

    @Override
    public synchronized void acknowledged(Acknowledgement ack) {
        tenants.computeIfAbsent(ack.tenant(), unused -> new OfTenant()).add(ack);
        total++;
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
