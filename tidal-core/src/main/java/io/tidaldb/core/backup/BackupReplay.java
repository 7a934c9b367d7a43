package io.tidaldb.core.backup;

import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.WalBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Hands over what counts of a backup that was gone through before, as another tenant's, in stretches of one log.
 *
 * <p>Confined to one thread.
 */
public final class BackupReplay implements BackupReader.Visitor {

    private final RestorePoint target;
    private final int firstPart;
    private final SortedMap<Integer, LogTransfer> transfers = new TreeMap<>();
    private final SortedMap<Integer, SortedMap<Origin, Long>> counted;
    private final Consumer consumer;
    private final List<WalBatch> stretch = new ArrayList<>();
    private int stretchSlot;
    private int stretchBytes;
    private int part = -1;

    /** Takes batches of one log, in order. */
    public interface Consumer {

        /** Takes them; returns when they are in the log. */
        void accept(int slot, List<WalBatch> batches);

        /** Returns how many bytes to hand over at once, but for a batch that has more. */
        int most();

        /** Takes the next stretch of the checkpoint with which a slot begins; all of it comes before the first batch. */
        void base(int slot, byte[] bytes);
    }

    /**
     * Creates one.
     *
     * @param scan has gone through all of it
     * @param transfers for each slot that has anything
     */
    public BackupReplay(
            BackupScan scan, RestorePoint target, SortedMap<Integer, LogTransfer> transfers, Consumer consumer) {
        this.target = target;
        this.firstPart = scan.firstPart();
        this.counted = scan.counted();
        this.transfers.putAll(transfers);
        this.consumer = consumer;
    }

    @Override
    public void head(BackupHead head) {
        part++;
    }

    @Override
    public void batch(int slot, WalBatch batch) {
        SortedMap<Origin, Long> logs = counted.get(slot);
        LogTransfer transfer = transfers.get(slot);
        Long last = logs == null ? null : logs.get(batch.origin());
        if (part < firstPart
                || transfer == null
                || last == null
                || Long.compareUnsigned(batch.firstSeqno(), last) > 0) {
            return;
        }
        WalBatch next = transfer.next(batch, target.records(batch));
        boolean other = slot != stretchSlot
                || !stretch.isEmpty() && !stretch.get(0).origin().equals(next.origin());
        if (other || stretchBytes + next.length() > consumer.most()) {
            flush();
        }
        stretchSlot = slot;
        stretch.add(next);
        stretchBytes += next.length();
    }

    @Override
    public void base(int slot, byte[] bytes) {
        if (part >= firstPart) {
            flush();
            consumer.base(slot, bytes);
        }
    }

    @Override
    public void end(BackupPoint point) {
        flush();
    }

    private void flush() {
        if (!stretch.isEmpty()) {
            consumer.accept(stretchSlot, List.copyOf(stretch));
            stretch.clear();
            stretchBytes = 0;
        }
    }
}
