package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A disk whose syncs or writes fail once, or that is full. */
final class FaultyDisk extends Disk {

    boolean failNextForce;
    boolean failNextFileForce;
    boolean failNextWrite;
    /** Every write is done by half and then refused. */
    boolean full;

    /** No file gets larger than this, as under a limit of the system's. */
    long mostBytes = Long.MAX_VALUE;

    int forces;
    long usableBytes = Long.MAX_VALUE / 4;

    @Override
    void write(FileChannel channel, ByteBuffer source, long offset) throws IOException {
        if (failNextWrite) {
            failNextWrite = false;
            throw new RefusedWrite(new IOException("No space left on device"));
        }
        if (full || offset + source.remaining() > mostBytes) {
            source.limit(source.position() + source.remaining() / 2);
            super.write(channel, source, offset);
            throw new RefusedWrite(new IOException("No space left on device"));
        }
        super.write(channel, source, offset);
    }

    @Override
    void force(FileChannel channel) throws IOException {
        forces++;
        if (failNextForce) {
            failNextForce = false;
            throw new IOException("Input/output error");
        }
        super.force(channel);
    }

    @Override
    void forceFile(Path file) throws IOException {
        if (failNextFileForce) {
            failNextFileForce = false;
            throw new IOException("Input/output error");
        }
        super.forceFile(file);
    }

    @Override
    long usableBytes(Path of) {
        return usableBytes;
    }
}
