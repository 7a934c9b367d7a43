package io.tidaldb.wal.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The next commit, put together frame by frame as it will lie in the journal: outside the heap and beginning at a block of the disk, so that
 * nothing copies it again on its way, and used again by the commit after it. Confined to the store's thread.
 */
final class CommitAssembly {

    private static final int FIRST_BYTES = 16 * CommitHeader.BLOCK_BYTES;
    // Larger commits are rare, and nobody wants to keep the memory of the largest that there ever was.
    private static final int KEPT_BYTES = 1 << 20;
    private static final int STREAM_END = CommitHeader.BLOCK_BYTES - Long.BYTES;
    private static final byte[] ZEROS = new byte[CommitHeader.BLOCK_BYTES];

    private final ByteBuffer header = ByteBuffer.allocate(Frame.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final CommitSummary.Notes notes = new CommitSummary.Notes();
    private ByteBuffer kept = allocate(FIRST_BYTES);
    private ByteBuffer blocks = kept;

    /** Where the stream goes on in the blocks. */
    private int at;

    private int frames;

    CommitAssembly() {
        clear();
    }

    boolean isEmpty() {
        return frames == 0;
    }

    void clear() {
        blocks = kept;
        at = Long.BYTES + CommitHeader.HEADER_BYTES;
        frames = 0;
        notes.clear();
    }

    /** Adds an encoded batch. */
    void add(LogCode log, long firstSeqno, long lastSeqno, byte[] batch) {
        Frame.putHeader(header, Frame.Type.BATCH, log, batch.length, firstSeqno, 0);
        put(batch);
        notes.add(log, lastSeqno);
        frames++;
    }

    /** Adds a frame that is no batch. */
    void add(Frame frame) {
        LogCode log = LogCode.of(frame.log());
        putFrame(log, frame);
        notes.add(log, 0);
        frames++;
    }

    private void putFrame(LogCode log, Frame frame) {
        Frame.putHeader(header, frame.type(), log, frame.body().length, frame.seqno(), frame.chain());
        put(frame.body());
    }

    /** Puts the header, a body, and zeros up to where the next frame begins. */
    private void put(byte[] body) {
        int padded = Frame.paddedBytes(body.length);
        makeRoom(padded);
        putStream(header.array(), Frame.HEADER_BYTES);
        putStream(body, body.length);
        putStream(ZEROS, padded - Frame.HEADER_BYTES - body.length);
    }

    private void putStream(byte[] source, int bytes) {
        int done = 0;
        while (done < bytes) {
            int room = STREAM_END - at % CommitHeader.BLOCK_BYTES;
            if (room == 0) {
                at += 2 * Long.BYTES;
                room = CommitHeader.STREAM_BYTES;
            }
            int length = Math.min(bytes - done, room);
            blocks.put(at, source, done, length);
            done += length;
            at += length;
        }
    }

    private void makeRoom(int streamBytes) {
        int more = (streamBytes / CommitHeader.STREAM_BYTES + 2) * CommitHeader.BLOCK_BYTES;
        if (at + more > blocks.capacity()) {
            ByteBuffer larger = allocate(Math.max(2 * blocks.capacity(), blockEnd(at + more)));
            larger.put(0, blocks, 0, at);
            blocks = larger;
            kept = larger.isDirect() ? larger : kept;
        }
    }

    private static int blockEnd(int offset) {
        return (offset + CommitHeader.BLOCK_BYTES - 1) / CommitHeader.BLOCK_BYTES * CommitHeader.BLOCK_BYTES;
    }

    private static ByteBuffer allocate(int bytes) {
        ByteBuffer blocks = bytes <= KEPT_BYTES ? kept(bytes) : ByteBuffer.allocate(bytes);
        return blocks.order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer kept(int bytes) {
        try {
            return ByteBuffer.allocateDirect(bytes + CommitHeader.BLOCK_BYTES)
                    .alignedSlice(CommitHeader.BLOCK_BYTES)
                    .slice(0, bytes);
        } catch (OutOfMemoryError e) {
            // What was appended is not to be refused for that: whether it can be written is seen when it is.
            return ByteBuffer.allocate(bytes);
        }
    }

    /**
     * Completes the commit with the summary of the one before as its last frame, and returns its blocks, which are the caller's until
     * {@link #clear}.
     */
    ByteBuffer seal(
            long number, boolean endMark, long previousFile, long previousEnd, @Nullable Frame previousSummary) {
        if (previousSummary != null) {
            putFrame(LogCode.of(previousSummary.log()), previousSummary);
        }
        int end = blockEnd(at);
        blocks.put(at, ZEROS, 0, end - at);
        return CommitHeader.seal(
                blocks.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(0).limit(end),
                number,
                endMark,
                previousFile,
                previousEnd,
                frames);
    }

    /** Returns the summary of the commit with this number, for the commit after it. */
    Frame summary(long number) {
        return notes.frame(number);
    }
}
