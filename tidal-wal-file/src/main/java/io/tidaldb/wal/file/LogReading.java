package io.tidaldb.wal.file;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads one log from end to end for an inspection and goes on after damage.
 *
 * <p>Somebody may be writing, so damage counts if the segment must still be there as it was promised, and looks the same when it is read
 * once more. If it doesn't, the reading was overtaken and ends: nothing that comes later would continue what came before.
 */
final class LogReading {

    /** Receives what is found. */
    interface Visitor {

        void file(String file, long bytes);

        void batch(LogId log, String file, long offset, WalBatch batch);

        void tornTail(String file, long offset, long bytes);

        void damage(Damage damage);

        /**
         * Says whether what a view told of a segment still holds.
         *
         * @param extent null if the manifest doesn't know the segment
         */
        boolean holds(DirectoryView view, LogId log, Manifest.@Nullable Extent extent) throws IOException;
    }

    private final Layout layout;
    private final LogId log;
    private final Visitor visitor;
    private long base;
    private long next;
    private boolean nextKnown;
    private boolean told;
    private boolean overtaken;

    LogReading(Layout layout, LogId log, long base, Visitor visitor) {
        this.layout = layout;
        this.log = log;
        this.base = base;
        this.visitor = visitor;
        this.next = log.origin().startSeqno() + 1;
    }

    /** Returns whether the log was changed in front of the reading, other than by appends. */
    boolean isOvertaken() {
        return overtaken;
    }

    /** Returns whether a batch or a damage was told. */
    boolean hasTold() {
        return told;
    }

    /** Reads segments up to where a manifest says that they are durable. */
    void promised(Manifest.Entry entry, DirectoryView view) throws IOException {
        if (Long.compareUnsigned(entry.firstSeqno(), base) > 0) {
            base = entry.firstSeqno();
        }
        Path directory = layout.directory(log, view.own());
        for (int i = 0; i < entry.segments().size() && !overtaken; i++) {
            Manifest.Extent extent = entry.segments().get(i);
            long end = entry.end(i);
            if (Long.compareUnsigned(end, base) <= 0) {
                continue;
            }
            Path file = directory.resolve(Layout.segmentName(log.origin().shard(), extent.firstSeqno()));
            next = extent.firstSeqno();
            nextKnown = true;
            read(file, view, extent, segment -> segment.promised(extent.bytes(), end, view.isClean()));
        }
        next = entry.lastSeqno() + 1;
        nextKnown = true;
    }

    /** Reads segments that no manifest knows: an incomplete batch at the very end is torn. */
    void unknown(DirectoryView view) throws IOException {
        List<Layout.SegmentFile> files = view.segments(log);
        for (int i = 0; i < files.size() && !overtaken; i++) {
            Layout.SegmentFile file = files.get(i);
            boolean last = i == files.size() - 1;
            if (i == 0) {
                next = file.firstSeqno();
                nextKnown = true;
            }
            read(file.path(), view, null, segment -> segment.unknown(file.firstSeqno(), last));
        }
    }

    private interface Look {
        void run(SegmentReading segment) throws IOException;
    }

    private void read(Path file, DirectoryView view, Manifest.@Nullable Extent extent, Look look) throws IOException {
        SecondLook second = new SecondLook(file, next, nextKnown, look);
        SegmentReading.Visitor first = new SegmentReading.Visitor() {
            @Override
            public void file(String name, long bytes) {
                visitor.file(name, bytes);
            }

            @Override
            public void batch(String name, long offset, WalBatch batch) {
                tell(name, offset, batch);
            }

            @Override
            public void tornTail(String name, long offset, long bytes) {
                visitor.tornTail(name, offset, bytes);
            }

            @Override
            public boolean damage(Damage damage) throws IOException {
                overtaken = !visitor.holds(view, log, extent) || !second.shows(damage);
                if (!overtaken) {
                    tell(damage);
                }
                return !overtaken;
            }
        };
        SegmentReading segment = new SegmentReading(layout, log, file, next, nextKnown, first);
        look.run(segment);
        next = segment.next();
        nextKnown = segment.isNextKnown();
    }

    /** The same segment, read once more if the first look is in doubt; only damage is noted. */
    private final class SecondLook implements SegmentReading.Visitor {

        private final Path file;
        private final long from;
        private final boolean fromKnown;
        private final Look look;
        private final Set<Damage> noted = new HashSet<>();
        private boolean done;

        SecondLook(Path file, long from, boolean fromKnown, Look look) {
            this.file = file;
            this.from = from;
            this.fromKnown = fromKnown;
            this.look = look;
        }

        boolean shows(Damage damage) throws IOException {
            if (!done) {
                done = true;
                look.run(new SegmentReading(layout, log, file, from, fromKnown, this));
            }
            return noted.contains(damage);
        }

        @Override
        public void file(String name, long bytes) {}

        @Override
        public void batch(String name, long offset, WalBatch batch) {}

        @Override
        public void tornTail(String name, long offset, long bytes) {}

        @Override
        public boolean damage(Damage damage) {
            noted.add(damage);
            return true;
        }
    }

    private void tell(String file, long offset, WalBatch batch) {
        if (Long.compareUnsigned(batch.firstSeqno(), base) >= 0) {
            told = true;
            visitor.batch(log, file, offset, batch);
        }
    }

    private void tell(Damage damage) {
        told = true;
        visitor.damage(damage);
    }

    /** Goes through the log's frames in the journal, which continue its segments. */
    void journaled(List<Commit.Entry> frames) {
        for (Commit.Entry entry : frames) {
            if (overtaken) {
                return;
            }
            Frame frame = entry.frame();
            if (frame == null) {
                nextKnown = false;
            } else if (frame.type() == Frame.Type.BATCH) {
                nextKnown |= next == log.origin().startSeqno() + 1;
                journaled(entry, WalBatch.of(ByteBuffer.wrap(frame.body()), 0));
            } else if (frame.type() == Frame.Type.BASE
                    && (!nextKnown || Long.compareUnsigned(frame.seqno(), next) > 0)) {
                next = frame.seqno();
                nextKnown = true;
            }
        }
    }

    private void journaled(Commit.Entry entry, WalBatch batch) {
        long expected = nextKnown ? next : batch.firstSeqno();
        Damage damage = BatchIdentity.check(log, expected, batch, entry.file(), entry.offset());
        if (damage == null) {
            tell(entry.file(), entry.offset(), batch);
        } else {
            tell(damage);
        }
        next = batch.lastSeqno() + 1;
        nextKnown = true;
    }
}
