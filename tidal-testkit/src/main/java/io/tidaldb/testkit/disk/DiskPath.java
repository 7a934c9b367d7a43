package io.tidaldb.testkit.disk;

import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A path on a {@link MemoryDisk}. */
final class DiskPath implements Path {

    private final DiskFileSystem system;
    private final boolean absolute;
    private final List<String> names;

    DiskPath(DiskFileSystem system, boolean absolute, List<String> names) {
        this.system = system;
        this.absolute = absolute;
        this.names = names;
    }

    static DiskPath parse(DiskFileSystem system, String text) {
        List<String> names =
                Arrays.stream(text.split("/")).filter(name -> !name.isEmpty()).toList();
        return new DiskPath(system, text.startsWith("/"), names);
    }

    List<String> names() {
        return names;
    }

    String name() {
        return names.get(names.size() - 1);
    }

    private DiskPath with(List<String> other, boolean otherAbsolute) {
        return new DiskPath(system, otherAbsolute, List.copyOf(other));
    }

    private static DiskPath of(Path path) {
        if (path instanceof DiskPath disk) {
            return disk;
        }
        throw new InvalidPathException(path.toString(), "is a path of another file system");
    }

    @Override
    public FileSystem getFileSystem() {
        return system;
    }

    DiskFileSystem system() {
        return system;
    }

    @Override
    public boolean isAbsolute() {
        return absolute;
    }

    @Override
    public @Nullable Path getRoot() {
        return absolute ? with(List.of(), true) : null;
    }

    @Override
    public @Nullable Path getFileName() {
        return names.isEmpty() ? null : with(List.of(name()), false);
    }

    @Override
    @SuppressWarnings("NullAway") // Whoever asks for the parent of the root gets null, as everywhere.
    public DiskPath getParent() {
        return names.isEmpty() ? null : with(names.subList(0, names.size() - 1), absolute);
    }

    @Override
    public int getNameCount() {
        return names.size();
    }

    @Override
    public Path getName(int index) {
        return with(List.of(names.get(index)), false);
    }

    @Override
    public Path subpath(int beginIndex, int endIndex) {
        return with(names.subList(beginIndex, endIndex), false);
    }

    @Override
    public boolean startsWith(Path other) {
        DiskPath that = of(other);
        return absolute == that.absolute
                && names.size() >= that.names.size()
                && names.subList(0, that.names.size()).equals(that.names);
    }

    @Override
    public boolean endsWith(Path other) {
        DiskPath that = of(other);
        int from = names.size() - that.names.size();
        return from >= 0 && names.subList(from, names.size()).equals(that.names);
    }

    @Override
    public Path normalize() {
        List<String> kept = new ArrayList<>();
        for (String name : names) {
            if (name.equals("..") && !kept.isEmpty()) {
                kept.remove(kept.size() - 1);
            } else if (!name.equals(".")) {
                kept.add(name);
            }
        }
        return with(kept, absolute);
    }

    @Override
    public Path resolve(Path other) {
        DiskPath that = of(other);
        if (that.absolute) {
            return that;
        }
        List<String> all = new ArrayList<>(names);
        all.addAll(that.names);
        return with(all, absolute);
    }

    @Override
    public Path relativize(Path other) {
        DiskPath that = of(other);
        int common = 0;
        while (common < Math.min(names.size(), that.names.size())
                && names.get(common).equals(that.names.get(common))) {
            common++;
        }
        List<String> all = new ArrayList<>(Collections.nCopies(names.size() - common, ".."));
        all.addAll(that.names.subList(common, that.names.size()));
        return with(all, false);
    }

    @Override
    public URI toUri() {
        return URI.create("memory:" + toAbsolutePath());
    }

    @Override
    public Path toAbsolutePath() {
        return absolute ? this : with(names, true);
    }

    @Override
    public Path toRealPath(LinkOption... options) {
        return toAbsolutePath().normalize();
    }

    @Override
    public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
        throw new UnsupportedOperationException("nothing is watched on a disk in memory");
    }

    @Override
    public int compareTo(Path other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof DiskPath that
                && system == that.system
                && absolute == that.absolute
                && names.equals(that.names);
    }

    @Override
    public int hashCode() {
        return Objects.hash(absolute, names);
    }

    @Override
    public String toString() {
        return (absolute ? "/" : "") + String.join("/", names);
    }
}
