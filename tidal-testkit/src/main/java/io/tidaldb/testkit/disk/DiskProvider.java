package io.tidaldb.testkit.disk;

import io.tidaldb.testkit.disk.DiskNode.File;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What {@code java.nio.file.Files} calls, handed to the {@link MemoryDisk}. */
final class DiskProvider extends FileSystemProvider {

    private final MemoryDisk disk;
    private final DiskFileSystem system;

    DiskProvider(MemoryDisk disk, DiskFileSystem system) {
        this.disk = disk;
        this.system = system;
    }

    @Override
    public String getScheme() {
        return "memory";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
        throw new UnsupportedOperationException("a disk in memory is made by its constructor");
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        return system;
    }

    @Override
    public Path getPath(URI uri) {
        return DiskPath.parse(system, uri.getPath());
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        DiskPath file = (DiskPath) path;
        DiskNode node = disk.find(file);
        boolean writes = options.contains(StandardOpenOption.WRITE) || options.contains(StandardOpenOption.APPEND);
        if (node instanceof DiskNode.Directory && !writes) {
            return new DiskChannel(disk, file, node, false);
        }
        File opened = disk.open(
                file,
                writes && options.contains(StandardOpenOption.CREATE),
                writes && options.contains(StandardOpenOption.CREATE_NEW));
        if (writes && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
            disk.truncate(file, opened, 0);
        }
        return new DiskChannel(disk, file, opened, options.contains(StandardOpenOption.APPEND));
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(Path directory, DirectoryStream.Filter<? super Path> filter)
            throws IOException {
        List<Path> found = new ArrayList<>();
        for (String name : disk.list((DiskPath) directory)) {
            Path path = directory.resolve(name);
            if (filter.accept(path)) {
                found.add(path);
            }
        }
        return new DirectoryStream<>() {
            @Override
            public Iterator<Path> iterator() {
                return found.iterator();
            }

            @Override
            public void close() {
                // Everything was read before.
            }
        };
    }

    @Override
    public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
        disk.makeDirectory((DiskPath) path);
    }

    @Override
    public void delete(Path path) throws IOException {
        disk.delete((DiskPath) path);
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) throws IOException {
        throw new UnsupportedOperationException("nothing is copied on a disk in memory");
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        List<CopyOption> wanted = Arrays.asList(options);
        disk.move(
                (DiskPath) source,
                (DiskPath) target,
                wanted.contains(StandardCopyOption.ATOMIC_MOVE)
                        || wanted.contains(StandardCopyOption.REPLACE_EXISTING));
    }

    @Override
    public boolean isSameFile(Path one, Path other) {
        return one.toAbsolutePath().normalize().equals(other.toAbsolutePath().normalize());
    }

    @Override
    public boolean isHidden(Path path) {
        return false;
    }

    @Override
    public FileStore getFileStore(Path path) {
        return DiskSpace.PLENTY;
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        find(path);
    }

    private DiskNode find(Path path) throws IOException {
        DiskNode node = disk.find((DiskPath) path.toAbsolutePath().normalize());
        if (node == null) {
            throw new NoSuchFileException(path.toString());
        }
        return node;
    }

    @Override
    public <V extends FileAttributeView> @Nullable V getFileAttributeView(
            Path path, Class<V> type, LinkOption... options) {
        return null;
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
            throws IOException {
        if (type != BasicFileAttributes.class) {
            throw new UnsupportedOperationException("a disk in memory has no " + type.getSimpleName());
        }
        return type.cast(new DiskAttributes(find(path)));
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options) throws IOException {
        DiskAttributes all = new DiskAttributes(find(path));
        return Map.of("size", all.size(), "isDirectory", all.isDirectory(), "isRegularFile", all.isRegularFile());
    }

    @Override
    public void setAttribute(Path path, String attribute, Object value, LinkOption... options) {
        throw new UnsupportedOperationException("a disk in memory has no attribute " + attribute);
    }
}
