package io.tidaldb.wal.file;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads one log from end to end for an inspection and goes on after damage. */
final class LogReading implements SegmentScan.Visitor {

    private final Layout layout;
    private final LogId log;
    private final WalInspection inspection;
    private long base;
    private long next;
    private boolean nextKnown;
    private String name = "";

    LogReading(Layout layout, LogId log, WalInspection inspection, long base) {
        this.layout = layout;
        this.log = log;
        this.inspection = inspection;
        this.base = base;
        this.next = log.origin().startSeqno() + 1;
    }

    /** Reads segments up to where a manifest says that they are durable. */
    void promised(Manifest.Entry entry, Path directory, boolean clean) throws IOException {
        if (Long.compareUnsigned(entry.firstSeqno(), base) > 0) {
            base = entry.firstSeqno();
        }
        for (int i = 0; i < entry.segments().size(); i++) {
            Manifest.Extent extent = entry.segments().get(i);
            long end = i + 1 < entry.segments().size()
                    ? entry.segments().get(i + 1).firstSeqno()
                    : entry.lastSeqno() + 1;
            if (Long.compareUnsigned(end, base) <= 0) {
                continue;
            }
            Path file = directory.resolve(Layout.segmentName(log.origin().shard(), extent.firstSeqno()));
            next = extent.firstSeqno();
            nextKnown = true;
            segment(file, extent.bytes(), clean);
            if (nextKnown && next != end) {
                inspection.damage(
                        name,
                        extent.bytes(),
                        "seqno " + Long.toUnsignedString(end - 1) + " as the last",
                        "up to " + Long.toUnsignedString(next - 1));
            }
        }
        next = entry.lastSeqno() + 1;
        nextKnown = true;
    }

    private void segment(Path file, long bytes, boolean clean) throws IOException {
        name = layout.name(file);
        if (!Files.exists(file)) {
            inspection.damage(name, 0, bytes + " bytes", "no file");
            nextKnown = false;
            return;
        }
        long size = Files.size(file);
        inspection.file(name, size);
        if (size < bytes || clean && size > bytes) {
            inspection.damage(name, Math.min(size, bytes), bytes + " bytes", size + " bytes");
        }
        try (SegmentScan scan = new SegmentScan(file, bytes)) {
            long end = scan.run(this);
            if (end < Math.min(size, bytes) && size >= bytes) {
                inspection.damage(name, end, "a whole batch", (bytes - end) + " bytes of one");
                nextKnown = false;
            }
            nextKnown &= size >= bytes;
        }
    }

    /** Reads segments that no manifest knows: an incomplete batch at the very end is torn. */
    void unknown(List<Layout.SegmentFile> files) throws IOException {
        for (int i = 0; i < files.size(); i++) {
            Path file = files.get(i).path();
            name = layout.name(file);
            long size = Files.size(file);
            inspection.file(name, size);
            if (i == 0) {
                next = files.get(i).firstSeqno();
                nextKnown = true;
            } else if (nextKnown && next != files.get(i).firstSeqno()) {
                inspection.damage(
                        name,
                        0,
                        "a segment from seqno " + Long.toUnsignedString(next),
                        "one from " + Long.toUnsignedString(files.get(i).firstSeqno()));
                next = files.get(i).firstSeqno();
            }
            try (SegmentScan scan = new SegmentScan(file, size)) {
                long end = scan.run(this);
                if (end < size && i == files.size() - 1) {
                    inspection.tornTail(name, end, size - end);
                } else if (end < size) {
                    inspection.damage(name, end, "a whole batch", (size - end) + " bytes of one");
                    nextKnown = false;
                }
            }
        }
    }

    @Override
    public boolean batch(long offset, WalBatch batch) {
        long expected = nextKnown ? next : batch.firstSeqno();
        Damage damage = BatchIdentity.check(log, expected, batch, name, offset);
        if (damage != null) {
            inspection.damage(name, offset, damage.expected(), damage.actual());
        } else if (Long.compareUnsigned(batch.firstSeqno(), base) >= 0) {
            inspection.batch(log, name, offset, batch);
        }
        next = batch.lastSeqno() + 1;
        nextKnown = true;
        return true;
    }

    @Override
    public boolean damage(long offset, String expected, String actual) {
        inspection.damage(name, offset, expected, actual);
        nextKnown = false;
        return true;
    }

    /** Goes through the log's frames in the journal, which continue its segments. */
    void journaled(List<Commit.Entry> frames) {
        for (Commit.Entry entry : frames) {
            Frame frame = entry.frame();
            name = entry.file();
            if (frame == null) {
                nextKnown = false;
            } else if (frame.type() == Frame.Type.BATCH) {
                nextKnown |= next == log.origin().startSeqno() + 1;
                batch(entry.offset(), WalBatch.of(ByteBuffer.wrap(frame.body()), 0));
            } else if (frame.type() == Frame.Type.BASE
                    && (!nextKnown || Long.compareUnsigned(frame.seqno(), next) > 0)) {
                next = frame.seqno();
                nextKnown = true;
            }
        }
    }
}
