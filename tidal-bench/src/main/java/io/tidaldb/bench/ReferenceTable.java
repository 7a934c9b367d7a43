package io.tidaldb.bench;

import io.tidaldb.core.ledger.DecayModel;
import java.nio.ByteBuffer;

/**
 * The limit: entities in one array of longs, open addressing with linear probing, sized before. Score, count and last event; no windows, no
 * lock, no growth, no snapshot, no other signal type, and nothing is checked. A cell: entity + 1 | score, f64 bits | last event, ns | count.
 */
final class ReferenceTable {

    private static final int CELL_BITS = 2;

    private final long[] cells;
    private final int mask;

    ReferenceTable(int entities) {
        int capacity = Integer.highestOneBit(entities) << 2;
        cells = new long[capacity << CELL_BITS];
        mask = capacity - 1;
    }

    void applyAll(ByteBuffer records) {
        applyAll(records, 0, records.capacity() / LedgerRecords.BYTES);
    }

    void applyAll(ByteBuffer records, int from, int count) {
        int end = from + count * LedgerRecords.BYTES;
        for (int at = from; at < end; at += LedgerRecords.BYTES) {
            apply(
                    records.getLong(at),
                    records.getFloat(at + LedgerRecords.WEIGHT),
                    records.getLong(at + LedgerRecords.TIME));
        }
    }

    private void apply(long entity, float weight, long eventNanos) {
        int cell = cell(entity);
        double score = Double.longBitsToDouble(cells[cell + 1]);
        long lastNanos = cells[cell + 2];
        if (eventNanos > lastNanos) {
            score = score * DecayModel.factor(eventNanos - lastNanos, LedgerRecords.HALF_LIFE_NANOS) + weight;
            cells[cell + 2] = eventNanos;
        } else {
            score += weight * DecayModel.factor(lastNanos - eventNanos, LedgerRecords.HALF_LIFE_NANOS);
        }
        cells[cell] = entity + 1;
        cells[cell + 1] = Double.doubleToRawLongBits(score);
        cells[cell + 3]++;
    }

    /** Returns the score as of the last event. */
    double score(long entity) {
        return Double.longBitsToDouble(cells[cell(entity) + 1]);
    }

    long bytes() {
        return (long) cells.length * Long.BYTES;
    }

    private int cell(long entity) {
        long hash = entity * 0x9E3779B97F4A7C15L;
        int slot = (int) (hash >>> 32) & mask;
        while (cells[slot << CELL_BITS] != 0 && cells[slot << CELL_BITS] != entity + 1) {
            slot = slot + 1 & mask;
        }
        return slot << CELL_BITS;
    }
}
