package io.tidaldb.server.importing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Tidal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whether a store holds what it acknowledged: each event as often as it was acknowledged, and scores that follow from the records.
 *
 * <p>An event that was sent and never acknowledged may be there, once. When a process dies, though, the writes under way may hold lines
 * that the source itself repeats. So, if the acknowledged events show that the source does repeat, or its coarse times that it may,
 * records beyond the last one that a process acknowledged of an origin are not held against it. Records before the first acknowledged one were there already: they
 * are not judged, and stand for no acknowledged event.
 *
 * @param found acknowledged events that are there
 * @param missing acknowledged events that are not there
 * @param duplicated records that should not be there
 * @param scoreMaxError largest relative error, with floor 1, of a score against the sum over the records in the log
 */
public record Verification(long acked, long found, long missing, long duplicated, double scoreMaxError) {

    /** Largest error of a score that counts as equal. */
    public static final double SCORE_TOLERANCE = 1e-6;

    private static final int READ_AT_ONCE = 1_000;

    /** Reads everything back and compares. */
    public static Verification of(Tidal tidal, AckedEvents acked) {
        return of(new EmbeddedEvents(tidal), acked);
    }

    /** Reads everything back and compares. */
    public static Verification of(RecordedEvents store, AckedEvents acked) {
        Map<String, Duration> halfLives = store.halfLives();
        Verification sum = new Verification(0, 0, 0, 0, 0);
        for (Map.Entry<TenantId, AckedEvents.OfTenant> entry : acked.tenants().entrySet()) {
            sum = sum.and(ofTenant(store, entry.getKey(), entry.getValue(), acked.repeats(), halfLives));
        }
        return sum;
    }

    /** Returns whether nothing is missing, nothing is there twice and the scores are right. */
    public boolean ok() {
        return missing == 0 && duplicated == 0 && scoreMaxError <= SCORE_TOLERANCE;
    }

    /** Returns the result with its fixed names. */
    public ObjectNode toJson() {
        return Json.object()
                .put("acked", acked)
                .put("found", found)
                .put("missing", missing)
                .put("duplicated", duplicated)
                .put("score_max_error", scoreMaxError);
    }

    private Verification and(Verification other) {
        return new Verification(
                acked + other.acked,
                found + other.found,
                missing + other.missing,
                duplicated + other.duplicated,
                Math.max(scoreMaxError, other.scoreMaxError));
    }

    private static Verification allMissing(AckedEvents.OfTenant events) {
        long acked =
                events.counts().values().stream().mapToLong(count -> count[0]).sum();
        return new Verification(acked, 0, acked, 0, 0);
    }

    /** How often an event is there, and how many of those lie outside what was acknowledged. */
    private static final class Present {

        private int count;
        private int before;
        private int unacknowledged;

        int judged() {
            return count - before;
        }
    }

    private static Verification ofTenant(
            RecordedEvents store,
            TenantId tenant,
            AckedEvents.OfTenant events,
            boolean repeats,
            Map<String, Duration> halfLives) {
        Map<AckedEvents.Key, Present> present = new HashMap<>();
        if (!store.export(tenant, record -> count(record, events, present))) {
            return allMissing(events);
        }
        long acked = 0;
        long found = 0;
        for (Map.Entry<AckedEvents.Key, int[]> entry : events.counts().entrySet()) {
            Present there = present.get(entry.getKey());
            acked += entry.getValue()[0];
            found += there == null ? 0 : Math.min(there.judged(), entry.getValue()[0]);
        }
        long duplicated = 0;
        long strictly = 0;
        long tail = 0;
        for (Map.Entry<AckedEvents.Key, Present> entry : present.entrySet()) {
            int[] count = events.counts().get(entry.getKey());
            duplicated += excess(entry.getValue(), count == null ? 0 : count[0], true);
            strictly += excess(entry.getValue(), count == null ? 0 : count[0], false);
            tail += entry.getValue().unacknowledged;
        }
        // A few acknowledged events may not show yet that the source repeats some. Where different events share their
        // times, a few
        // of the records under way may well be alike; most of them are only if they were sent twice.
        boolean mayRepeat = repeats || (sharesTimes(present) && (strictly - duplicated) * 10 <= tail);
        duplicated = mayRepeat ? duplicated : strictly;
        double error = new Scores(store, tenant, present, halfLives).maxError(events);
        return new Verification(acked, found, acked - found, duplicated, error);
    }

    private static boolean sharesTimes(Map<AckedEvents.Key, Present> present) {
        return present.keySet().stream()
                        .mapToLong(AckedEvents.Key::eventNanos)
                        .distinct()
                        .count()
                < present.size();
    }

    private static void count(
            RecordedSignal record, AckedEvents.OfTenant events, Map<AckedEvents.Key, Present> present) {
        Present there = present.computeIfAbsent(
                new AckedEvents.Key(
                        record.type(),
                        record.entity().value(),
                        Float.floatToIntBits(record.weight()),
                        record.eventNanos()),
                unused -> new Present());
        there.count++;
        switch (events.place(record.position().origin(), record.position().seqno())) {
            case BEFORE -> there.before++;
            case UNACKNOWLEDGED -> there.unacknowledged++;
            case ACKNOWLEDGED -> {}
        }
    }

    private static long excess(Present there, int acked, boolean repeats) {
        int excess = Math.max(0, there.judged() - Math.max(acked, 1));
        return repeats ? Math.max(0, excess - there.unacknowledged) : excess;
    }

    /** The scores that follow from the records in the log. */
    private static final class Scores {

        private final Map<String, Map<Long, Double>> expected = new TreeMap<>();
        private final RecordedEvents store;
        private final TenantId tenant;
        private final Map<String, Duration> halfLives;
        private long atNanos;

        Scores(
                RecordedEvents store,
                TenantId tenant,
                Map<AckedEvents.Key, Present> present,
                Map<String, Duration> halfLives) {
            this.store = store;
            this.tenant = tenant;
            this.halfLives = halfLives;
            present.keySet().forEach(key -> atNanos = Math.max(atNanos, key.eventNanos()));
            present.forEach(this::add);
        }

        private void add(AckedEvents.Key key, Present there) {
            Duration halfLife = halfLives.get(key.signal());
            if (halfLife == null) {
                return;
            }
            double age = (double) (atNanos - key.eventNanos()) / halfLife.toNanos();
            double score = there.count * (double) Float.intBitsToFloat(key.weightBits()) * Math.pow(2, -age);
            expected.computeIfAbsent(key.signal(), unused -> new HashMap<>()).merge(key.entity(), score, Double::sum);
        }

        double maxError(AckedEvents.OfTenant events) {
            Map<String, List<EntityId>> asked = new TreeMap<>();
            events.counts().keySet().stream()
                    .filter(key -> halfLives.containsKey(key.signal()))
                    .map(key -> Map.entry(key.signal(), EntityId.of(key.entity())))
                    .distinct()
                    .forEach(pair -> asked.computeIfAbsent(pair.getKey(), unused -> new ArrayList<>())
                            .add(pair.getValue()));
            double error = 0;
            for (Map.Entry<String, List<EntityId>> entry : asked.entrySet()) {
                List<EntityId> entities = entry.getValue();
                for (int from = 0; from < entities.size(); from += READ_AT_ONCE) {
                    List<EntityId> some = entities.subList(from, Math.min(entities.size(), from + READ_AT_ONCE));
                    error = Math.max(error, error(entry.getKey(), some));
                }
            }
            return error;
        }

        private double error(String signal, List<EntityId> entities) {
            Map<Long, Double> scores = expected.getOrDefault(signal, Map.of());
            List<Double> there = store.scores(tenant, signal, entities, EventTime.instant(atNanos));
            double error = 0;
            for (int i = 0; i < entities.size(); i++) {
                double score = scores.getOrDefault(entities.get(i).value(), 0.0);
                error = Math.max(error, Math.abs(there.get(i) - score) / Math.max(1, Math.abs(score)));
            }
            return error;
        }
    }
}
