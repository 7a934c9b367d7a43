package io.tidaldb.core.control;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlSnapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Control files in a directory: {@code control-{first index}.log}, each going on where the one before ends, and
 * {@code snapshot-{index}.snap}. Every entry is forced before {@link #append} returns; files that are created, renamed or deleted are
 * made durable with the directory.
 *
 * <p>Confined to one thread at a time.
 */
final class FileControlStorage implements ControlStorage {

    private static final long ROLL_BYTES = 8L << 20;
    private static final Pattern LOG = Pattern.compile("control-(\\d{20})\\.log");
    private static final Pattern SNAPSHOT = Pattern.compile("snapshot-(\\d{20})\\.snap");
    private static final String TEMPORARY = ".tmp";

    private final Path directory;
    private final NavigableMap<Long, Path> logs;
    private final NavigableMap<Long, Path> snapshots;
    private Recovered recovered = new Recovered(null, List.of());
    private @Nullable FileChannel current;
    private long end;
    private long lastIndex;

    private FileControlStorage(Path directory) throws IOException {
        this.directory = directory;
        removeTemporaryFiles();
        logs = find(LOG);
        snapshots = find(SNAPSHOT);
        if (logs.isEmpty() && snapshots.isEmpty()) {
            refuseForeign();
        }
    }

    /**
     * Opens the directory, created if missing, and cuts off an entry that a crash left incomplete.
     *
     * @throws TidalException DIRECTORY_MISMATCH if there are files of others alone, CORRUPT_LOG, FORMAT_TOO_NEW, or STORE_FAILED if the files can't be read or written
     */
    static FileControlStorage open(Path directory) {
        try {
            createDirectory(directory);
            FileControlStorage storage = new FileControlStorage(directory);
            storage.recover();
            return storage;
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "control log in " + directory + " can't be opened: " + e, e);
        }
    }

    /** Returns the index of the last entry; 0 if there is none. */
    long lastIndex() {
        return lastIndex;
    }

    @Override
    public Recovered recovered() {
        Recovered answer = recovered;
        recovered = new Recovered(null, List.of());
        return answer;
    }

    @Override
    public void append(ControlEntry entry) {
        try {
            if (end > ROLL_BYTES) {
                roll();
            }
            end += writeWhole(channel(), ControlFrames.frame(entry), end);
            channel().force(false);
            lastIndex = entry.index();
        } catch (IOException e) {
            throw failed("entry " + entry.index() + " can't be written", e);
        }
    }

    @Override
    public void compact(ControlSnapshot snapshot) {
        if (!snapshots.isEmpty() && snapshots.lastKey() >= snapshot.index()) {
            return;
        }
        try {
            writeSnapshot(snapshot);
            if (logs.lastKey() <= lastIndex) {
                roll();
            }
            dropCovered();
        } catch (IOException e) {
            throw failed("snapshot at " + snapshot.index() + " can't be written", e);
        }
    }

    @Override
    public void close() {
        try {
            if (current != null) {
                current.close();
                current = null;
            }
        } catch (IOException e) {
            throw failed("the current file can't be closed", e);
        }
    }

    private void recover() throws IOException {
        ControlSnapshot snapshot = null;
        if (!snapshots.isEmpty()) {
            Path file = snapshots.lastEntry().getValue();
            snapshot = ControlFrames.readSnapshot(shown(file), Files.readAllBytes(file), snapshots.lastKey());
        }
        long covered = snapshot == null ? 0 : snapshot.index();
        List<ControlEntry> entries = new ArrayList<>();
        long next = logs.isEmpty() ? covered + 1 : logs.firstKey();
        if (next > covered + 1) {
            throw gap(logs.firstEntry().getValue(), covered + 1, next);
        }
        for (var log : logs.entrySet()) {
            if (log.getKey() != next) {
                throw gap(log.getValue(), next, log.getKey());
            }
            ControlFrames.Scan scan = ControlFrames.scan(
                    shown(log.getValue()),
                    Files.readAllBytes(log.getValue()),
                    next,
                    log.getKey().equals(logs.lastKey()));
            scan.entries().stream().filter(entry -> entry.index() > covered).forEach(entries::add);
            next += scan.entries().size();
            end = scan.end();
        }
        if (next <= covered) {
            throw gap(logs.lastEntry().getValue(), covered + 1, next);
        }
        lastIndex = next - 1;
        if (logs.isEmpty()) {
            roll();
        } else {
            openLast();
        }
        recovered = new Recovered(snapshot, entries);
        dropCovered();
    }

    private void openLast() throws IOException {
        current = FileChannel.open(logs.lastEntry().getValue(), StandardOpenOption.WRITE);
        current.truncate(end);
        if (end == 0) {
            // The crash came before the file's header was written.
            end = writeWhole(current, ControlFrames.fileHeader(logs.lastKey()), 0);
        }
        current.force(true);
    }

    /** Begins a new file after the last entry. */
    private void roll() throws IOException {
        Path file = directory.resolve(String.format("control-%020d.log", lastIndex + 1));
        FileChannel channel = create(file, StandardOpenOption.CREATE_NEW);
        long begun;
        try {
            begun = writeWhole(channel, ControlFrames.fileHeader(lastIndex + 1), 0);
        } catch (TidalException e) {
            channel.close();
            Files.delete(file);
            throw e;
        }
        close();
        current = channel;
        end = begun;
        channel.force(true);
        forceDirectory(directory);
        logs.put(lastIndex + 1, file);
    }

    private FileChannel create(Path file, StandardOpenOption how) {
        try {
            return FileChannel.open(file, how, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw full(e);
        }
    }

    private void writeSnapshot(ControlSnapshot snapshot) throws IOException {
        Path file = directory.resolve(String.format("snapshot-%020d.snap", snapshot.index()));
        Path temporary = directory.resolve(file.getFileName() + TEMPORARY);
        Files.deleteIfExists(temporary);
        try (FileChannel channel = create(temporary, StandardOpenOption.CREATE)) {
            writeWhole(channel, ControlFrames.snapshot(snapshot), 0);
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        forceDirectory(directory);
        snapshots.put(snapshot.index(), file);
    }

    /** Deletes older snapshots, and files all of whose entries the newest one holds; the current file stays. */
    private void dropCovered() throws IOException {
        if (snapshots.isEmpty()) {
            return;
        }
        while (snapshots.size() > 1) {
            Files.delete(snapshots.pollFirstEntry().getValue());
        }
        while (logs.size() > 1 && logs.higherKey(logs.firstKey()) <= snapshots.lastKey() + 1) {
            Files.delete(logs.pollFirstEntry().getValue());
        }
        forceDirectory(directory);
    }

    private FileChannel channel() {
        if (current == null) {
            throw new TidalException(ErrorCode.CLOSED, "control log in " + directory + " is closed");
        }
        return current;
    }

    private NavigableMap<Long, Path> find(Pattern pattern) throws IOException {
        NavigableMap<Long, Path> found = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            files.forEach(file -> {
                Matcher name = pattern.matcher(file.getFileName().toString());
                if (name.matches()) {
                    found.put(Long.parseLong(name.group(1)), file);
                }
            });
        }
        return found;
    }

    // One that begins anew beside another kind of log would forget every tenant.
    private void refuseForeign() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<String> foreign = files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
            if (!foreign.isEmpty()) {
                throw new TidalException(
                        ErrorCode.DIRECTORY_MISMATCH,
                        "control log in " + directory + " is of another kind: it holds " + foreign
                                + "; if the directory is that of a node of a cluster, start the node with its peers"
                                + " (tidal node) and ask it (--server URL)");
            }
        }
    }

    private void removeTemporaryFiles() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".snap" + TEMPORARY))
                    .toList()) {
                Files.delete(file);
            }
        }
    }

    private String shown(Path file) {
        return directory.getFileName() + "/" + file.getFileName();
    }

    private CorruptLogException gap(Path file, long expected, long actual) {
        return new CorruptLogException("control", shown(file), 0, "entry " + expected, "entry " + actual);
    }

    private TidalException failed(String what, IOException cause) {
        return new TidalException(
                ErrorCode.STORE_FAILED,
                "control log in " + directory + " has failed: " + what + ": " + cause + "; reopen it",
                cause);
    }

    /**
     * Writes bytes at the end of a file.
     *
     * @throws TidalException STORAGE_FULL if the disk did not take all of it; the file then ends as before
     */
    private int writeWhole(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        int written = 0;
        try {
            while (bytes.hasRemaining()) {
                written += channel.write(bytes, position + written);
            }
            return written;
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            // Durably, lest a crash makes a whole entry of it that was refused.
            channel.truncate(position);
            channel.force(true);
            throw full(e);
        }
    }

    private TidalException full(IOException cause) {
        return new TidalException(
                ErrorCode.STORAGE_FULL,
                "control log in " + directory + ": the disk did not take a write (" + cause
                        + "): expected room for a few KiB; free some space and try again",
                cause);
    }

    private static void createDirectory(Path directory) throws IOException {
        Path absolute = directory.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            return;
        }
        Path parent = absolute.getParent();
        if (parent != null) {
            createDirectory(parent);
        }
        Files.createDirectory(absolute);
        if (parent != null) {
            forceDirectory(parent);
        }
    }

    private static void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
