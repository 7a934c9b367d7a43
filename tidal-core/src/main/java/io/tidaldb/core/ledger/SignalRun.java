package io.tidaldb.core.ledger;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Some signal records that are folded together, and what has been found out about them so far. Confined to its owner. */
final class SignalRun {

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] bytes;
    private final long[] hashes;
    private final int[] cells;
    private int size;

    /** Creates an empty one for so many records at most. */
    SignalRun(int capacity) {
        bytes = new byte[capacity * SignalRecords.BYTES];
        hashes = new long[capacity];
        cells = new int[capacity];
    }

    /** Takes the records from one position to another. */
    void read(ByteBuffer records, int from, int end) {
        records.get(from, bytes, 0, end - from);
        size = (end - from) / SignalRecords.BYTES;
        for (int i = 0; i < size; i++) {
            hashes[i] = CellTable.hash(entity(i));
        }
    }

    int size() {
        return size;
    }

    long entity(int i) {
        return (long) LONGS.get(bytes, i * SignalRecords.BYTES);
    }

    int signal(int i) {
        return bytes[i * SignalRecords.BYTES + SignalRecords.SIGNAL] & 0xff;
    }

    float weight(int i) {
        return Float.intBitsToFloat((int) INTS.get(bytes, i * SignalRecords.BYTES + SignalRecords.WEIGHT));
    }

    long eventNanos(int i) {
        return (long) LONGS.get(bytes, i * SignalRecords.BYTES + SignalRecords.TIME);
    }

    long hash(int i) {
        return hashes[i];
    }

    /** Returns where a record's pair most probably lies, or −1. */
    int cell(int i) {
        return cells[i];
    }

    void cell(int i, int cell) {
        cells[i] = cell;
    }
}
