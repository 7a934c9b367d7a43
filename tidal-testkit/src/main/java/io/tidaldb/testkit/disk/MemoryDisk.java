package io.tidaldb.testkit.disk;

import io.tidaldb.testkit.disk.DiskFault.Outcome;
import io.tidaldb.testkit.disk.DiskNode.Directory;
import io.tidaldb.testkit.disk.DiskNode.File;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory, used by way of {@link #root}. Nothing is durable before it is synced, neither a file's bytes nor a name in a
 * directory; {@link #afterCut} says what a power cut would leave now. A rename is there as a whole or not at all.
 *
 * <p>Safe for use by several threads: one call at a time.
 */
public final class MemoryDisk {

    private static final DiskFault NONE = call -> Outcome.DONE;
    private static final int BLOCK_BYTES = 4096;

    private final Directory tree;
    private final DiskFileSystem system = new DiskFileSystem(this);
    private DiskFault fault = NONE;
    private long calls;

    /** Makes an empty disk that works. */
    public MemoryDisk() {
        this(new Directory());
    }

    private MemoryDisk(Directory tree) {
        this.tree = tree;
    }

    /** Returns the topmost directory, for everything in {@code java.nio.file}. */
    public Path root() {
        return new DiskPath(system, true, List.of());
    }

    /** Sets who decides about calls from now on, and counts them from 1 again. */
    public synchronized void fault(DiskFault decides) {
        fault = decides;
        calls = 0;
    }

    /** Returns how many calls there were since the fault was set. */
    public synchronized long calls() {
        return calls;
    }

    /** Returns a disk that works, with what a power cut would leave now. */
    public synchronized MemoryDisk afterCut(Loss loss) {
        return new MemoryDisk(tree.afterCut(loss, new IdentityHashMap<>()));
    }

    synchronized @Nullable DiskNode find(DiskPath path) {
        DiskNode node = tree;
        for (String name : path.names()) {
            if (!(node instanceof Directory directory)) {
                return null;
            }
            node = directory.names().get(name);
        }
        return node;
    }

    synchronized List<String> list(DiskPath path) throws IOException {
        return List.copyOf(directory(path).names().keySet());
    }

    private Directory directory(DiskPath path) throws IOException {
        DiskNode node = find(path);
        if (node == null) {
            throw new NoSuchFileException(path.toString());
        }
        if (!(node instanceof Directory directory)) {
            throw new NotDirectoryException(path.toString());
        }
        return directory;
    }

    private Outcome call(DiskCall.Kind kind, DiskPath path, long offset, int length) throws IOException {
        return fault.on(new DiskCall(++calls, kind, path.toString(), offset, length));
    }

    /** Returns the file, made if that is wanted and needed. */
    synchronized File open(DiskPath path, boolean create, boolean createNew) throws IOException {
        DiskNode node = find(path);
        if (node instanceof File file && !createNew) {
            return file;
        }
        if (node != null) {
            throw new FileAlreadyExistsException(path.toString());
        }
        if (!create && !createNew) {
            throw new NoSuchFileException(path.toString());
        }
        call(DiskCall.Kind.CREATE, path, 0, 0);
        File file = new File();
        directory(path.getParent()).add(path.name(), file);
        return file;
    }

    synchronized void makeDirectory(DiskPath path) throws IOException {
        if (find(path) != null) {
            throw new FileAlreadyExistsException(path.toString());
        }
        call(DiskCall.Kind.MAKE_DIRECTORY, path, 0, 0);
        directory(path.getParent()).add(path.name(), new Directory());
    }

    synchronized void delete(DiskPath path) throws IOException {
        DiskNode node = find(path);
        if (node == null) {
            throw new NoSuchFileException(path.toString());
        }
        if (node instanceof Directory directory && !directory.names().isEmpty()) {
            throw new DirectoryNotEmptyException(path.toString());
        }
        call(DiskCall.Kind.DELETE, path, 0, 0);
        directory(path.getParent()).remove(path.name(), node);
    }

    synchronized void move(DiskPath from, DiskPath to, boolean replace) throws IOException {
        DiskNode node = find(from);
        if (node == null) {
            throw new NoSuchFileException(from.toString());
        }
        if (!replace && find(to) != null) {
            throw new FileAlreadyExistsException(to.toString());
        }
        Directory source = directory(from.getParent());
        Directory target = directory(to.getParent());
        call(DiskCall.Kind.MOVE, from, 0, 0);
        if (source == target) {
            source.rename(from.name(), to.name(), node);
        } else {
            target.add(to.name(), node);
            source.remove(from.name(), node);
        }
    }

    synchronized int read(DiskPath path, File file, long offset, byte[] target) throws IOException {
        if (offset >= file.size() || target.length == 0) {
            return 0;
        }
        int length = (int) Math.min(target.length, file.size() - offset);
        Outcome outcome = call(DiskCall.Kind.READ, path, offset, length);
        if (outcome == Outcome.SHORT) {
            length = Math.max(1, length / 2);
        }
        if (outcome == Outcome.MISDIRECTED) {
            long elsewhere = offset + BLOCK_BYTES < file.size() ? offset + BLOCK_BYTES : offset % BLOCK_BYTES;
            if (elsewhere != offset) {
                file.read(elsewhere, target, length);
            }
            return length;
        }
        int read = file.read(offset, target, length);
        if (outcome == Outcome.FLIPPED) {
            target[read / 2] ^= 0x10;
        }
        return read;
    }

    synchronized int write(DiskPath path, File file, long offset, byte[] source) throws IOException {
        Outcome outcome = call(DiskCall.Kind.WRITE, path, offset, source.length);
        if (outcome == Outcome.SHORT && source.length > 1) {
            byte[] half = java.util.Arrays.copyOf(source, source.length / 2);
            file.write(offset, half);
            return half.length;
        }
        file.write(offset, source);
        return source.length;
    }

    synchronized void truncate(DiskPath path, File file, long size) throws IOException {
        if (size < file.size()) {
            call(DiskCall.Kind.TRUNCATE, path, size, 0);
            file.truncate(size);
        }
    }

    synchronized void sync(DiskPath path, DiskNode node) throws IOException {
        boolean isFile = node instanceof File;
        Outcome outcome;
        try {
            outcome = call(isFile ? DiskCall.Kind.SYNC : DiskCall.Kind.SYNC_DIRECTORY, path, 0, 0);
        } catch (IOException e) {
            if (node instanceof File file) {
                file.failSync();
            }
            throw e;
        }
        if (outcome == Outcome.LYING) {
            return;
        }
        if (node instanceof File file) {
            file.sync();
        } else if (node instanceof Directory directory) {
            directory.sync();
        }
    }
}
