package io.tidaldb.core.ledger;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A signal event, and the analytic answers that a ledger is compared with. */
record Event(long entity, int signal, float weight, long nanos) {

    static final long SECOND = 1_000_000_000L;
    static final long MINUTE = 60 * SECOND;
    static final long HOUR = 60 * MINUTE;
    static final long DAY = 24 * HOUR;
    static final long START = 20_500 * DAY + 7 * HOUR + 59 * MINUTE;

    private static final double[] HALF_LIVES = {1e9, 60e9, 3.6e12, 8.64e13, 6.048e14, 3.15e18};

    /** Half-lives from a second to a hundred years. */
    static final DecayTable DECAYS = signal -> HALF_LIVES[signal % HALF_LIVES.length];

    /** Events over few pairs whose times wander on, jump, and sometimes come late: by little, or out of every window. */
    static List<Event> random(SplittableRandom random, int count, int entities, int signals, boolean negative) {
        List<Event> events = new ArrayList<>(count);
        long now = START;
        long stepNanos = new long[] {SECOND, MINUTE, 20 * MINUTE, 5 * HOUR}[random.nextInt(4)];
        for (int i = 0; i < count; i++) {
            now += random.nextLong(stepNanos);
            long late = switch (random.nextInt(8)) {
                case 0 -> random.nextLong(2 * HOUR);
                case 1 -> random.nextLong(10 * DAY);
                default -> 0;
            };
            float weight = (float) (random.nextDouble() * (random.nextInt(10) == 0 ? 1000 : 1));
            events.add(new Event(
                    random.nextLong(entities) * 0x9E3779B97F4A7C15L,
                    random.nextInt(signals),
                    negative && random.nextBoolean() ? -weight : weight,
                    now - late));
        }
        return events;
    }

    static SignalLedger fold(List<Event> events) {
        SignalLedger ledger = new SignalLedger(DECAYS);
        for (Event event : events) {
            ledger.apply(event.entity, event.signal, event.weight, event.nanos);
        }
        return ledger;
    }

    static ByteBuffer records(List<Event> events) {
        ByteBuffer records =
                ByteBuffer.allocate(SignalLedger.RECORD_BYTES * events.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (Event event : events) {
            records.putLong(event.entity)
                    .put((byte) event.signal)
                    .putFloat(event.weight)
                    .putLong(event.nanos);
        }
        return records.flip().order(ByteOrder.BIG_ENDIAN);
    }

    boolean isOf(Event other) {
        return entity == other.entity && signal == other.signal;
    }

    /** Answers for a pair straight from its definition. */
    static CellView expected(List<Event> events, long entity, int signal, long atNanos) {
        CellView view = new CellView();
        view.clear(atNanos);
        List<Event> own = events.stream()
                .filter(e -> e.entity == entity && e.signal == signal)
                .toList();
        for (Event event : own) {
            view.lastEventNanos = Math.max(view.lastEventNanos, event.nanos);
        }
        view.asOfNanos = Math.max(atNanos, view.lastEventNanos);
        for (Event event : own) {
            double halfLife = DECAYS.halfLifeNanos(signal);
            view.score += event.weight * StrictMath.pow(2, -(view.asOfNanos - event.nanos) / halfLife);
            view.scoreAtLast += event.weight * StrictMath.pow(2, -(view.lastEventNanos - event.nanos) / halfLife);
            view.count++;
            long minutesAgo = view.asOfNanos / MINUTE - event.nanos / MINUTE;
            long hoursAgo = view.asOfNanos / HOUR - event.nanos / HOUR;
            view.lastHour += minutesAgo < 60 ? 1 : 0;
            view.lastDay += hoursAgo < 24 ? 1 : 0;
            view.lastWeek += hoursAgo < 168 ? 1 : 0;
        }
        return view;
    }
}
