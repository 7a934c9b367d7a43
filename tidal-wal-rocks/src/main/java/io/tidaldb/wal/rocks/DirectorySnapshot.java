package io.tidaldb.wal.rocks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a database's directory held at some moment, in a private directory: tables, which never change, as links, everything else as
 * copies. So it can be opened while a process writes to the database, and nothing is written to that.
 *
 * <p>The write-ahead log is copied before the manifest. What the log has then and the manifest's tables have not is in the copy; what is
 * flushed in between is in the tables. The other way around, a log that was flushed and deleted in between would be missing.
 */
final class DirectorySnapshot implements AutoCloseable {

    /** A file of the database. */
    record DatabaseFile(String name, long bytes) {}

    private final Path copy;
    private final List<DatabaseFile> files = new ArrayList<>();

    private DirectorySnapshot(Path copy) {
        this.copy = copy;
    }

    /** Returns null if the directory changed under the copying, which may then be tried again. */
    static @Nullable DirectorySnapshot of(Path directory) throws IOException {
        DirectorySnapshot snapshot = new DirectorySnapshot(Files.createTempDirectory("tidal-rocks-"));
        try {
            if (snapshot.copyFrom(directory)) {
                return snapshot;
            }
        } catch (NoSuchFileException e) {
            // Deleted by the process that uses it.
        } catch (IOException | RuntimeException e) {
            snapshot.close();
            throw e;
        }
        snapshot.close();
        return null;
    }

    private boolean copyFrom(Path directory) throws IOException {
        for (String name : Layout.names(directory)) {
            if (Layout.isLog(name)) {
                take(directory, name);
            }
        }
        Path current = directory.resolve(Layout.CURRENT);
        if (!Files.exists(current)) {
            return true;
        }
        byte[] before = Files.readAllBytes(current);
        take(directory, Layout.CURRENT);
        String manifest = new String(before, StandardCharsets.ISO_8859_1).strip();
        if (manifest.matches("MANIFEST-\\d{1,20}")) {
            take(directory, manifest);
        }
        for (String name : Layout.names(directory)) {
            if (Layout.isTable(name)) {
                link(directory, name);
            }
        }
        return Arrays.equals(before, Files.readAllBytes(current));
    }

    private void take(Path directory, String name) throws IOException {
        Path target = copy.resolve(name);
        Files.copy(directory.resolve(name), target);
        files.add(new DatabaseFile(name, Files.size(target)));
    }

    private void link(Path directory, String name) throws IOException {
        Path table = directory.resolve(name).toAbsolutePath();
        long bytes = Files.size(table);
        try {
            Files.createSymbolicLink(copy.resolve(name), table);
        } catch (UnsupportedOperationException | SecurityException e) {
            Files.copy(table, copy.resolve(name));
        }
        files.add(new DatabaseFile(name, bytes));
    }

    Path path() {
        return copy;
    }

    List<DatabaseFile> files() {
        return files;
    }

    boolean holdsADatabase() {
        return files.stream().anyMatch(file -> file.name().equals(Layout.CURRENT));
    }

    @Override
    public void close() throws IOException {
        for (String name : Layout.names(copy)) {
            Files.delete(copy.resolve(name));
        }
        Files.delete(copy);
    }
}
