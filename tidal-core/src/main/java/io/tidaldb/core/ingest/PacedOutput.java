package io.tidaldb.core.ingest;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes a large file and syncs it every few megabytes: one sync at the end would hand the disk all of it at once, and the commits of all
 * tenants would wait behind it. Confined to its writer.
 */
final class PacedOutput extends OutputStream {

    private static final long SYNC_BYTES = 8 << 20;

    private final FileChannel channel;
    private long unsyncedBytes;

    PacedOutput(FileChannel channel) {
        this.channel = channel;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        unsyncedBytes += length;
        if (unsyncedBytes >= SYNC_BYTES) {
            channel.force(false);
            unsyncedBytes = 0;
        }
    }
}
