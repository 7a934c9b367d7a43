package io.tidaldb.wal.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Where a commit is put together: outside the heap and beginning at a block of the disk, so that nothing copies it again on its way, and
 * used again by the next commit. Confined to the store's thread.
 */
final class CommitBuffer {

    // Larger commits are rare, and nobody wants to keep the memory of the largest that there ever was.
    private static final int KEPT_BYTES = 1 << 20;
    private static final byte[] ZEROS = new byte[CommitHeader.BLOCK_BYTES];

    private ByteBuffer kept = allocate(16 * CommitHeader.BLOCK_BYTES);

    /** Returns some blocks of zeros, little-endian, that are the caller's until the next call. */
    ByteBuffer zeros(int bytes) {
        if (bytes > KEPT_BYTES) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
        if (bytes > kept.capacity()) {
            kept = allocate(Math.min(KEPT_BYTES, Integer.highestOneBit(bytes) << 1));
        }
        kept.clear().limit(bytes);
        for (int at = 0; at < bytes; at += ZEROS.length) {
            kept.put(at, ZEROS);
        }
        return kept;
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes + CommitHeader.BLOCK_BYTES)
                .alignedSlice(CommitHeader.BLOCK_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
    }
}
