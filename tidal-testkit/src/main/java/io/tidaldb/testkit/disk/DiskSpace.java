package io.tidaldb.testkit.disk;

import java.nio.file.FileStore;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileStoreAttributeView;
import org.jspecify.annotations.Nullable;

/** Says that there is room: that there is none, a {@link DiskFault} tells who writes. */
final class DiskSpace extends FileStore {

    static final DiskSpace PLENTY = new DiskSpace();

    private static final long BYTES = 1L << 40;

    private DiskSpace() {}

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String type() {
        return "memory";
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public long getTotalSpace() {
        return BYTES;
    }

    @Override
    public long getUsableSpace() {
        return BYTES;
    }

    @Override
    public long getUnallocatedSpace() {
        return BYTES;
    }

    @Override
    public boolean supportsFileAttributeView(Class<? extends FileAttributeView> type) {
        return false;
    }

    @Override
    public boolean supportsFileAttributeView(String name) {
        return name.equals("basic");
    }

    @Override
    public <V extends FileStoreAttributeView> @Nullable V getFileStoreAttributeView(Class<V> type) {
        return null;
    }

    @Override
    public Object getAttribute(String attribute) {
        throw new UnsupportedOperationException("a disk in memory has no attribute " + attribute);
    }
}
