package io.tidaldb.wal.file;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A commit as it was found, damaged or not.
 *
 * @param end offset after its last block
 * @param entries its frames in order, the damaged ones too as far as they can be told
 * @param damage what is wrong with its blocks as a whole, or null
 * @param lostFrames whether there may be frames of which not even the log is known
 * @param previous what the commit before was about, if that can be read
 */
record Commit(
        long number,
        String file,
        long offset,
        long end,
        boolean endMark,
        List<Entry> entries,
        @Nullable Damage damage,
        boolean lostFrames,
        @Nullable CommitSummary previous) {

    /**
     * A frame, where its body is, and what is wrong with it.
     *
     * @param frame null if it can't be obeyed
     * @param holderKnown false if only the batch tells whose it is, for a batch doesn't say which shard holds it
     */
    record Entry(
            @Nullable Frame frame,
            LogId log,
            boolean holderKnown,
            String file,
            long offset,
            @Nullable Damage damage) {}

    /** Reads the frames of a commit's blocks; blocks that were not written are zeros. */
    static Commit read(
            long number,
            String file,
            long offset,
            byte[] blocks,
            @Nullable CommitHeader header,
            @Nullable Damage damage) {
        return new Reader(file, offset, blocks).read(number, header, damage);
    }

    private static final class Reader {

        private final String file;
        private final long offset;
        private final ByteBuffer stream;
        private final int blocks;
        private final List<Entry> entries = new ArrayList<>();
        private boolean lost;
        private @Nullable CommitSummary previous;

        Reader(String file, long offset, byte[] bytes) {
            this.file = file;
            this.offset = offset;
            this.blocks = bytes.length / CommitHeader.BLOCK_BYTES;
            byte[] joined = new byte[blocks * CommitHeader.STREAM_BYTES];
            for (int block = 0; block < blocks; block++) {
                System.arraycopy(
                        bytes,
                        block * CommitHeader.BLOCK_BYTES + Long.BYTES,
                        joined,
                        block * CommitHeader.STREAM_BYTES,
                        CommitHeader.STREAM_BYTES);
            }
            stream = ByteBuffer.wrap(joined).order(ByteOrder.LITTLE_ENDIAN);
        }

        Commit read(long number, @Nullable CommitHeader header, @Nullable Damage damage) {
            int at = CommitHeader.HEADER_BYTES;
            int expected = header == null ? Integer.MAX_VALUE : header.frames();
            while (entries.size() < expected && at + Frame.HEADER_BYTES <= stream.limit()) {
                if (header == null && isZero(at)) {
                    break;
                }
                at = readOne(at);
            }
            lost |= header != null && entries.size() < expected;
            Frame summary = Frame.parse(stream, at);
            if (summary != null && summary.type() == Frame.Type.SUMMARY) {
                previous = CommitSummary.parse(summary);
            }
            long end = offset + (long) blocks * CommitHeader.BLOCK_BYTES;
            return new Commit(
                    number, file, offset, end, header != null && header.endMark(), entries, damage, lost, previous);
        }

        private int readOne(int at) {
            Frame frame = Frame.parse(stream, at);
            if (frame == null) {
                return readDamaged(at);
            }
            if (frame.type() == Frame.Type.SUMMARY) {
                previous = CommitSummary.parse(frame);
            } else {
                add(frame, at, null);
            }
            return at + frame.paddedBytes();
        }

        private void add(Frame frame, int at, @Nullable Damage headerDamage) {
            int body = at + Frame.HEADER_BYTES;
            Damage damage = headerDamage;
            Frame obeyed = frame;
            if (frame.type() == Frame.Type.BATCH) {
                damage = damage == null ? checkBatch(frame, body) : damage;
                obeyed = damage == null ? frame : null;
            } else if (damage == null && Frame.parse(stream, body) == null) {
                damage = damage(body, "a copy of the frame", "something else");
            }
            boolean holderKnown = headerDamage == null || obeyed != null;
            entries.add(new Entry(obeyed, frame.log(), holderKnown, file, fileOffset(body), damage));
        }

        private @Nullable Damage checkBatch(Frame frame, int body) {
            try {
                WalBatch batch = WalBatch.of(ByteBuffer.wrap(frame.body()), 0);
                if (batch.length() != frame.body().length
                        || !batch.tenant().equals(frame.log().tenant())
                        || !batch.origin().equals(frame.log().origin())) {
                    return damage(body, "a batch of " + frame.log(), "one of " + batch.tenant() + "/" + batch.origin());
                }
                return null;
            } catch (BatchCorruptException e) {
                return Damage.of(file, fileOffset(body), e);
            } catch (TidalException e) {
                return damage(body, "a batch that this version reads", String.valueOf(e.getMessage()));
            }
        }

        /** The frame's header is damaged: its body says whose it is, if there is one; else the next valid frame is looked for. */
        private int readDamaged(int at) {
            Damage damage = damage(at, "a frame's header", "something else");
            int body = at + Frame.HEADER_BYTES;
            Frame copy = Frame.parse(stream, body);
            if (copy != null && copy.type() != Frame.Type.BATCH) {
                add(copy, at, damage);
                return at + copy.paddedBytes();
            }
            try {
                if (stream.limit() - body >= WalBatch.HEADER_BYTES) {
                    int length = WalBatch.checkHeader(stream, body);
                    if (length <= stream.limit() - body) {
                        WalBatch batch = WalBatch.of(stream, body);
                        add(
                                Frame.batch(LogId.own(batch.tenant(), batch.origin()), batch.firstSeqno(), new byte[0]),
                                at,
                                damage);
                        return at + Frame.paddedBytes(length);
                    }
                }
            } catch (TidalException e) {
                // Not a batch either.
            }
            lost = true;
            int next = at + Long.BYTES;
            while (next + Frame.HEADER_BYTES <= stream.limit() && Frame.parse(stream, next) == null) {
                next += Long.BYTES;
            }
            return next;
        }

        private Damage damage(int streamAt, String expected, String actual) {
            return new Damage(file, fileOffset(streamAt), expected, actual);
        }

        private long fileOffset(int streamAt) {
            return offset + CommitHeader.fileOffset(streamAt);
        }

        private boolean isZero(int from) {
            for (int at = from; at < stream.limit(); at++) {
                if (stream.get(at) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    Commit withoutDamage() {
        return new Commit(number, file, offset, end, endMark, entries, null, lostFrames, previous);
    }

    /** Returns whether all that the commit says is there, whatever is wrong with its blocks. */
    boolean isComplete() {
        return !lostFrames && entries.stream().allMatch(e -> e.damage() == null);
    }
}
