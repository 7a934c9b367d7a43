package io.tidaldb.core.ingest;

import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.crdt.Hlc;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a tenant has written, by hour: a fold of its logs like its ledgers, so that it counts each record once whatever crashes, and can be
 * counted again. The hour is that of the batch's stamp. Hours more than {@value #HOURS} before the newest are one sum; the result does not
 * depend on the order of batches.
 *
 * <p>Guarded by its own lock, taken once a batch.
 */
public final class Metering {

    /** Five weeks, so that a month can be read by hour until it has been billed. */
    private static final int HOURS = 35 * 24;

    private static final long HOUR_MILLIS = 3_600_000;

    /** What was written in one hour. */
    public record Amount(long signals, long bytes) {

        /** Nothing. */
        public static final Amount NONE = new Amount(0, 0);

        /** Returns the sum of two amounts. */
        public Amount plus(Amount other) {
            return new Amount(signals + other.signals, bytes + other.bytes);
        }
    }

    private final TreeMap<Long, Sum> hours = new TreeMap<>();
    private Amount before = Amount.NONE;

    /** Where the last batch was counted: most are of the same hour as the one before. */
    private long lastHour = -1;

    private Sum last = new Sum();

    private static final class Sum {

        private long signals;
        private long bytes;

        void add(long moreSignals, long moreBytes) {
            signals += moreSignals;
            bytes += moreBytes;
        }

        Amount amount() {
            return new Amount(signals, bytes);
        }
    }

    /** Creates one that has counted nothing. */
    public Metering() {}

    /** Counts a batch. */
    public void add(WalBatch batch) {
        add(batch, 0);
    }

    /** Counts a batch of signals without so many void ones. */
    public synchronized void add(WalBatch batch, int voids) {
        long signals = batch.kind() == RecordKind.SIGNALS ? batch.count() - voids : 0;
        long bytes = batch.length() - (batch.kind() == RecordKind.SIGNALS ? (long) voids * SignalRecords.BYTES : 0);
        add(Hlc.millis(batch.hlc()) / HOUR_MILLIS, signals, bytes);
    }

    /** Counts signals no more that were counted in a batch with this stamp. */
    synchronized void subtract(long hlc, int signals) {
        add(Hlc.millis(hlc) / HOUR_MILLIS, -signals, -(long) signals * SignalRecords.BYTES);
    }

    private void add(long hour, long signals, long bytes) {
        if (hour == lastHour) {
            last.add(signals, bytes);
            return;
        }
        if (!hours.isEmpty() && hour <= hours.lastKey() - HOURS) {
            before = before.plus(new Amount(signals, bytes));
            return;
        }
        lastHour = hour;
        last = hours.computeIfAbsent(hour, each -> new Sum());
        last.add(signals, bytes);
        while (hours.firstKey() <= hours.lastKey() - HOURS) {
            before = before.plus(hours.pollFirstEntry().getValue().amount());
        }
    }

    /** Adds everything another one holds. */
    public synchronized void addAll(Metering other) {
        before = before.plus(other.before());
        other.hours().forEach((hour, amount) -> add(hour, amount.signals, amount.bytes));
    }

    /** Returns what was written in each hour that has anything, by hours since 1970. */
    public synchronized SortedMap<Long, Amount> hours() {
        SortedMap<Long, Amount> amounts = new TreeMap<>();
        hours.forEach((hour, sum) -> amounts.put(hour, sum.amount()));
        return amounts;
    }

    /** Returns what was written before all {@link #hours}. */
    public synchronized Amount before() {
        return before;
    }

    synchronized void writeTo(DataOutput out) throws IOException {
        write(out, before);
        out.writeInt(hours.size());
        for (Map.Entry<Long, Sum> hour : hours.entrySet()) {
            out.writeLong(hour.getKey());
            write(out, hour.getValue().amount());
        }
    }

    private static void write(DataOutput out, Amount amount) throws IOException {
        out.writeLong(amount.signals);
        out.writeLong(amount.bytes);
    }

    synchronized void readFrom(DataInput in) throws IOException {
        before = new Amount(in.readLong(), in.readLong());
        for (int i = in.readInt(); i > 0; i--) {
            hours.computeIfAbsent(in.readLong(), each -> new Sum()).add(in.readLong(), in.readLong());
        }
    }
}
