package io.tidaldb.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The limit: a prewritten file, written round and round, one write and one fdatasync for each group, each group on blocks of its own. Keeps
 * no tenants apart and cannot be read back.
 */
final class ReferenceSink implements GroupSink {

    private static final int BLOCK_BYTES = 4096;
    private static final int FRAME_BYTES = 16;
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int FILE_BYTES = 64 << 20;

    private final FileChannel file;
    private final ByteBuffer buffer;
    private final byte[] record;
    private final boolean synced;
    private final CRC32C crc = new CRC32C();
    private long position;

    /** @param synced whether a group is durable when it is committed, or only with the operating system */
    ReferenceSink(Path directory, int recordBytes, int maxGroup, boolean synced) throws IOException {
        file = FileChannel.open(
                directory.resolve("reference"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        for (int at = 0; at < FILE_BYTES; at += CHUNK_BYTES) {
            file.write(ByteBuffer.allocate(CHUNK_BYTES), at);
        }
        file.force(true);
        buffer = ByteBuffer.allocateDirect(blocks(maxGroup * (FRAME_BYTES + recordBytes)));
        record = new byte[recordBytes];
        this.synced = synced;
    }

    @Override
    public void commit(int[] tenants, int count) throws IOException {
        buffer.clear();
        for (int i = 0; i < count; i++) {
            crc.reset();
            crc.update(record);
            buffer.putLong(tenants[i])
                    .putInt(record.length)
                    .putInt((int) crc.getValue())
                    .put(record);
        }
        buffer.limit(blocks(buffer.position())).rewind();
        int bytes = buffer.remaining();
        if (position + bytes > FILE_BYTES) {
            position = 0;
        }
        while (buffer.hasRemaining()) {
            position += file.write(buffer, position);
        }
        if (synced) {
            file.force(false);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private static int blocks(int bytes) {
        return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    }
}
