package io.tidaldb.testkit.disk;

import io.tidaldb.testkit.disk.DiskNode.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** An open file or directory of a {@link MemoryDisk}. */
final class DiskChannel extends FileChannel {

    private final MemoryDisk disk;
    private final DiskPath path;
    private final DiskNode node;
    private final boolean appends;
    private long position;

    DiskChannel(MemoryDisk disk, DiskPath path, DiskNode node, boolean appends) {
        this.disk = disk;
        this.path = path;
        this.node = node;
        this.appends = appends;
    }

    private File file() throws IOException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        if (node instanceof File file) {
            return file;
        }
        throw new IOException("Is a directory");
    }

    @Override
    public synchronized int read(ByteBuffer target, long offset) throws IOException {
        File file = file();
        byte[] bytes = new byte[target.remaining()];
        if (bytes.length > 0 && offset >= file.size()) {
            return -1;
        }
        int read = disk.read(path, file, offset, bytes);
        target.put(bytes, 0, read);
        return read;
    }

    @Override
    public synchronized int write(ByteBuffer source, long offset) throws IOException {
        File file = file();
        byte[] bytes = new byte[source.remaining()];
        source.get(source.position(), bytes);
        int written = disk.write(path, file, offset, bytes);
        source.position(source.position() + written);
        return written;
    }

    @Override
    public synchronized int read(ByteBuffer target) throws IOException {
        int read = read(target, position);
        position += Math.max(0, read);
        return read;
    }

    @Override
    public synchronized int write(ByteBuffer source) throws IOException {
        int written = write(source, appends ? file().size() : position);
        position = appends ? file().size() : position + written;
        return written;
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
        return read(targets[offset]);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        return write(sources[offset]);
    }

    @Override
    public synchronized long position() {
        return position;
    }

    @Override
    public synchronized FileChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() throws IOException {
        return file().size();
    }

    @Override
    public synchronized FileChannel truncate(long size) throws IOException {
        disk.truncate(path, file(), size);
        position = Math.min(position, size);
        return this;
    }

    @Override
    public void force(boolean metaData) throws IOException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        disk.sync(path, node);
    }

    @Override
    public long transferTo(long offset, long count, WritableByteChannel target) {
        throw new UnsupportedOperationException("nothing is transferred from a disk in memory");
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long offset, long count) {
        throw new UnsupportedOperationException("nothing is transferred to a disk in memory");
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long offset, long size) {
        throw new UnsupportedOperationException("nothing of a disk in memory is mapped");
    }

    @Override
    public FileLock lock(long offset, long size, boolean shared) {
        return tryLock(offset, size, shared);
    }

    /** Always succeeds: a disk is opened once at a time. */
    @Override
    public FileLock tryLock(long offset, long size, boolean shared) {
        return new FileLock(this, offset, size, shared) {
            @Override
            public boolean isValid() {
                return isOpen();
            }

            @Override
            public void release() {
                // Nobody else waits for it.
            }
        };
    }

    @Override
    protected void implCloseChannel() {
        // Nothing is held.
    }
}
