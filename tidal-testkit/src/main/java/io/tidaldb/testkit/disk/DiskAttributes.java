package io.tidaldb.testkit.disk;

import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;

/** What a file or directory says of itself. */
record DiskAttributes(DiskNode node) implements BasicFileAttributes {

    private static final FileTime NEVER = FileTime.from(Instant.EPOCH);

    @Override
    public FileTime lastModifiedTime() {
        return NEVER;
    }

    @Override
    public FileTime lastAccessTime() {
        return NEVER;
    }

    @Override
    public FileTime creationTime() {
        return NEVER;
    }

    @Override
    public boolean isRegularFile() {
        return node instanceof DiskNode.File;
    }

    @Override
    public boolean isDirectory() {
        return node instanceof DiskNode.Directory;
    }

    @Override
    public boolean isSymbolicLink() {
        return false;
    }

    @Override
    public boolean isOther() {
        return false;
    }

    @Override
    public long size() {
        return node instanceof DiskNode.File file ? file.size() : 0;
    }

    @Override
    public Object fileKey() {
        return node;
    }
}
