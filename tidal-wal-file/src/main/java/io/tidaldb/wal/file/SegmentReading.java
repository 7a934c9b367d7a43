package io.tidaldb.wal.file;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads one segment of a log from end to end for an inspection and goes on after damage. */
final class SegmentReading implements SegmentScan.Visitor {

    /** Receives what is found. */
    interface Visitor {

        void file(String name, long bytes);

        void batch(String name, long offset, WalBatch batch);

        void tornTail(String name, long offset, long bytes);

        /** Returns whether to go on. */
        boolean damage(Damage damage) throws IOException;
    }

    private final LogId log;
    private final Path file;
    private final String name;
    private final Visitor visitor;
    private long next;
    private boolean nextKnown;
    private boolean ended;

    /** Expects a seqno first, if it is known. */
    SegmentReading(Layout layout, LogId log, Path file, long next, boolean nextKnown, Visitor visitor) {
        this.log = log;
        this.file = file;
        this.name = layout.name(file);
        this.next = next;
        this.nextKnown = nextKnown;
        this.visitor = visitor;
    }

    /** Returns the seqno that continues what was read. */
    long next() {
        return next;
    }

    /** Returns whether the next seqno could be told. */
    boolean isNextKnown() {
        return nextKnown;
    }

    /**
     * Reads what a manifest promises.
     *
     * @param end seqno after the last
     * @param exact whether nothing may follow
     */
    void promised(long bytes, long end, boolean exact) throws IOException {
        try (SegmentScan scan = new SegmentScan(file, bytes)) {
            long size = scan.fileBytes();
            visitor.file(name, size);
            if (size < bytes || exact && size > bytes) {
                note(Math.min(size, bytes), bytes + " bytes", size + " bytes");
            }
            long whole = scan(scan);
            if (whole < Math.min(size, bytes) && size >= bytes) {
                note(whole, "a whole batch", (bytes - whole) + " bytes of one");
                nextKnown = false;
            }
            nextKnown &= size >= bytes;
        } catch (FileSystemException e) {
            missing(bytes + " bytes", e);
        }
        if (nextKnown && next != end) {
            note(
                    bytes,
                    "seqno " + Long.toUnsignedString(end - 1) + " as the last",
                    "up to " + Long.toUnsignedString(next - 1));
        }
    }

    /**
     * Reads what no manifest promises, all that there is.
     *
     * @param first seqno of its name
     * @param last whether none follows, so that it may be torn
     */
    void unknown(long first, boolean last) throws IOException {
        try (SegmentScan scan = new SegmentScan(file, Long.MAX_VALUE)) {
            long size = scan.fileBytes();
            visitor.file(name, size);
            if (nextKnown && next != first) {
                note(
                        0,
                        "a segment from seqno " + Long.toUnsignedString(next),
                        "one from " + Long.toUnsignedString(first));
                next = first;
            }
            long whole = scan(scan);
            if (whole < size && last && !ended) {
                visitor.tornTail(name, whole, size - whole);
            } else if (whole < size) {
                note(whole, "a whole batch", (size - whole) + " bytes of one");
                nextKnown = false;
            }
        } catch (FileSystemException e) {
            missing("the file that was there", e);
        }
    }

    private void missing(String expected, FileSystemException cause) throws IOException {
        // One that was not there and is there now was deleted and begun anew meanwhile: a second look tells.
        if (!(cause instanceof NoSuchFileException) && Files.exists(file)) {
            throw cause;
        }
        note(0, expected, "no file");
        nextKnown = false;
    }

    private long scan(SegmentScan scan) throws IOException {
        return ended ? scan.fileBytes() : scan.run(this);
    }

    @Override
    public boolean batch(long offset, WalBatch batch) throws IOException {
        long expected = nextKnown ? next : batch.firstSeqno();
        Damage damage = BatchIdentity.check(log, expected, batch, name, offset);
        if (damage != null) {
            note(damage);
        } else {
            visitor.batch(name, offset, batch);
        }
        next = batch.lastSeqno() + 1;
        nextKnown = true;
        return !ended;
    }

    @Override
    public boolean damage(long offset, String expected, String actual) throws IOException {
        note(offset, expected, actual);
        nextKnown = false;
        return !ended;
    }

    private void note(long offset, String expected, String actual) throws IOException {
        note(new Damage(name, offset, expected, actual));
    }

    private void note(Damage damage) throws IOException {
        if (!ended) {
            ended = !visitor.damage(damage);
        }
    }
}
