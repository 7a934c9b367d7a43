package io.tidaldb.bench;

import io.tidaldb.core.ledger.SignalLedger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * Signal records as they lie in a batch, of entities drawn at random, for the benchmarks of the ledger. Layout: entity u64, signal type u8,
 * weight f32, event time u64, little-endian.
 */
final class LedgerRecords {

    static final long START_NANOS = 1_700_000_000_000_000_000L;
    static final double HALF_LIFE_NANOS = 7 * 86_400e9;
    static final int BYTES = SignalLedger.RECORD_BYTES;

    private static final int SIGNAL = 8;
    static final int WEIGHT = 9;
    static final int TIME = 13;

    private LedgerRecords() {}

    /** Returns records of entities 0 to {@code entities} - 1. */
    static ByteBuffer random(int count, int entities) {
        return random(count, entities, 42);
    }

    /** Returns others for each seed. */
    static ByteBuffer random(int count, int entities, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer records = ByteBuffer.allocate(count * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            put(records, i * BYTES, random.nextInt(entities));
        }
        return records;
    }

    /** Returns a ledger in which each entity has an event. */
    static SignalLedger ledger(int entities) {
        ByteBuffer records = ByteBuffer.allocate(entities * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < entities; i++) {
            // A stride that is odd and not a multiple of five: not in the order of ids.
            put(records, i * BYTES, i * 61_803L % entities);
        }
        SignalLedger ledger = new SignalLedger(signal -> HALF_LIFE_NANOS);
        ledger.applyAll(records, 0, entities);
        return ledger;
    }

    /** Sets the times of all records, evenly from a start on. */
    static void setTimes(ByteBuffer records, long startNanos, long stepNanos) {
        long nanos = startNanos;
        for (int at = TIME; at < records.capacity(); at += BYTES) {
            records.putLong(at, nanos);
            nanos += stepNanos;
        }
    }

    static void put(ByteBuffer records, int at, long entity) {
        records.putLong(at, entity)
                .put(at + SIGNAL, (byte) 0)
                .putFloat(at + WEIGHT, 1 + entity % 7)
                .putLong(at + TIME, START_NANOS);
    }
}
