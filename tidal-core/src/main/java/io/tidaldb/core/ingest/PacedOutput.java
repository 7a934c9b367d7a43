package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.function.BooleanSupplier;

/**
 * Writes a large file and syncs it every megabyte: one sync at the end would hand the disk all of it at once, and the commits of all
 * tenants would wait behind it. Confined to its writer, whom another thread may tell to stop.
 */
final class PacedOutput extends OutputStream {

    private static final long SYNC_BYTES = 1 << 20;

    private final FileChannel channel;
    private final BooleanSupplier dropped;
    private long unsyncedBytes;

    PacedOutput(FileChannel channel, BooleanSupplier dropped) {
        this.channel = channel;
        this.dropped = dropped;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        if (dropped.getAsBoolean()) {
            throw new TidalException(ErrorCode.CLOSED, "the checkpoint was dropped: nobody needs it any more");
        }
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
