package io.tidaldb.core.audit;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.DurableFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All entries that a node has seen, in files to which is only ever appended: {@code audit-{number of the first entry}.ndjson}, an entry a
 * line. What a crash cut off is appended again from the newest entries that the cluster's state keeps.
 *
 * <p>Safe for any number of threads: guarded by this object's lock, but for reading files.
 */
public final class AuditJournal implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(AuditJournal.class);
    private static final Pattern FILE = Pattern.compile("audit-(\\d{20})\\.ndjson");
    private static final long ROLL_BYTES = 8L << 20;

    /** What is looked through for a page that a tenant asks for, so that one request does not read everything. */
    private static final int MAX_SCANNED = 20_000;

    private final Path directory;
    private final NavigableMap<Long, Path> files;
    private @Nullable FileChannel channel;
    private long last;
    private boolean unsynced;
    private boolean closed;

    private AuditJournal(Path directory, NavigableMap<Long, Path> files) {
        this.directory = directory;
        this.files = files;
    }

    /**
     * Opens a directory, created if missing, and cuts off what a crash left incomplete at the end.
     *
     * @throws TidalException STORE_FAILED if files can't be read or written
     */
    public static AuditJournal open(Path directory) {
        try {
            DurableFiles.createDirectories(directory);
            AuditJournal journal = new AuditJournal(directory, find(directory));
            journal.recover();
            return journal;
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, "audit log in " + directory + " can't be opened: " + e, e);
        }
    }

    /** Returns the files in a directory by the number of their first entry. */
    private static NavigableMap<Long, Path> find(Path directory) throws IOException {
        NavigableMap<Long, Path> found = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                Matcher name = FILE.matcher(String.valueOf(file.getFileName()));
                if (name.matches()) {
                    found.put(Long.parseLong(name.group(1)), file);
                }
            }
        }
        return found;
    }

    private void recover() throws IOException {
        while (!files.isEmpty() && last == 0) {
            Path newest = files.lastEntry().getValue();
            byte[] content = Files.readAllBytes(newest);
            int end = content.length;
            while (end > 0 && last == 0) {
                int begin = lineBefore(content, end);
                if (content[end - 1] == '\n') {
                    last = number(new String(content, begin, end - 1 - begin, StandardCharsets.UTF_8));
                }
                end = last == 0 ? begin : end;
            }
            if (end < content.length) {
                LOG.warn("audit log {} ends with {} bytes that are no entry: cut off", newest, content.length - end);
            }
            if (end == 0) {
                Files.delete(newest);
                files.pollLastEntry();
            } else {
                channel = FileChannel.open(newest, StandardOpenOption.WRITE);
                channel.truncate(end);
                channel.position(end);
            }
        }
    }

    /** Returns where the line begins that ends there. */
    private static int lineBefore(byte[] content, int end) {
        int begin = end - 1;
        while (begin > 0 && content[begin - 1] != '\n') {
            begin--;
        }
        return begin;
    }

    private static long number(String line) {
        try {
            return AuditLine.parse(line).number();
        } catch (TidalException e) {
            return 0;
        }
    }

    /** Appends those of the entries that are not there yet; when this returns they are not durable yet. */
    public synchronized void append(AuditTrail trail) {
        List<AuditEntry> fresh = trail.after(last);
        if (closed || fresh.isEmpty()) {
            return;
        }
        if (fresh.get(0).number() != last + 1) {
            LOG.warn(
                    "audit entries {} to {} were agreed while this node was away, and are on other nodes only",
                    last + 1,
                    fresh.get(0).number() - 1);
        }
        StringBuilder lines = new StringBuilder();
        fresh.forEach(entry -> lines.append(AuditLine.print(entry)).append('\n'));
        try {
            FileChannel to = channel(fresh.get(0).number());
            long begin = to.position();
            ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8));
            try {
                while (bytes.hasRemaining()) {
                    to.write(bytes);
                }
            } catch (IOException e) {
                to.truncate(begin);
                throw e;
            }
            unsynced = true;
            last = fresh.get(fresh.size() - 1).number();
        } catch (IOException e) {
            // The state keeps them: they are appended with the next one.
            LOG.error("audit entries from {} on can't be written to {}: {}", last + 1, directory, e.getMessage());
        }
    }

    private FileChannel channel(long first) throws IOException {
        FileChannel open = channel;
        if (open != null && open.position() < ROLL_BYTES) {
            return open;
        }
        sync();
        if (open != null) {
            open.close();
        }
        Path file = directory.resolve(String.format("audit-%020d.ndjson", first));
        FileChannel fresh = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        channel = fresh;
        files.put(first, file);
        DurableFiles.syncDirectory(directory);
        return fresh;
    }

    /** Returns the newest entry; empty before the first. */
    public Optional<AuditEntry> newest() {
        long number;
        synchronized (this) {
            number = last;
        }
        return number == 0 ? Optional.empty() : read(number, 1, null).stream().findFirst();
    }

    /**
     * Deletes the oldest files until so many are left: of a log that others can make grow. Its chain begins with the first entry that is left.
     *
     * @throws TidalException STORE_FAILED
     */
    public synchronized void keep(int most) {
        try {
            while (files.size() > most) {
                Files.deleteIfExists(files.firstEntry().getValue());
                files.pollFirstEntry();
            }
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "old files in " + directory + " can't be deleted: " + e.getMessage(), e);
        }
    }

    /**
     * Makes everything durable that was appended.
     *
     * @throws TidalException STORE_FAILED
     */
    public synchronized void sync() {
        FileChannel open = channel;
        if (open == null || !unsynced) {
            return;
        }
        try {
            open.force(true);
            unsynced = false;
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "audit log in " + directory + " can't be synced: " + e.getMessage(), e);
        }
    }

    /**
     * Returns entries.
     *
     * @param tenant whose entries, or null for all
     * @throws TidalException CORRUPT_DATA if a line is none
     */
    public List<AuditEntry> read(long from, int limit, @Nullable TenantId tenant) {
        List<Path> wanted;
        long end;
        synchronized (this) {
            Long first = files.floorKey(from);
            wanted = List.copyOf(files.tailMap(first == null ? 0 : first, true).values());
            end = last;
        }
        List<AuditEntry> found = new ArrayList<>();
        long beyond = from + MAX_SCANNED;
        for (Path file : wanted) {
            if (found.size() == limit) {
                break;
            }
            try (BufferedReader lines = Files.newBufferedReader(file)) {
                String line = end < from ? null : lines.readLine();
                while (line != null && found.size() < limit) {
                    long number = AuditLine.number(line);
                    if (number > 0 && number < from) {
                        line = lines.readLine();
                        continue;
                    }
                    AuditEntry entry = AuditLine.parse(line);
                    if (entry.number() >= beyond) {
                        return found;
                    }
                    if (entry.number() >= from && (tenant == null || tenant.equals(entry.tenant()))) {
                        found.add(entry);
                    }
                    // What follows may be half written.
                    line = entry.number() < end ? lines.readLine() : null;
                }
            } catch (IOException e) {
                throw new TidalException(ErrorCode.STORE_FAILED, "audit log " + file + " can't be read: " + e, e);
            }
        }
        return found;
    }

    /** Returns where to go on after a page that was looked for from a number on. */
    public synchronized long next(long from, int limit, List<AuditEntry> found) {
        return found.size() == limit
                ? found.get(found.size() - 1).number() + 1
                : Math.max(from, Math.min(last + 1, from + MAX_SCANNED));
    }

    /**
     * Computes the chain in a directory again, which is neither locked nor written; another process may be appending.
     *
     * @throws TidalException INVALID_ARGUMENT if there is no such directory, STORE_FAILED if a file can't be read
     */
    public static AuditCheck check(Path directory) {
        return check(directory, new AuditCheck());
    }

    /** Computes the chain of a log whose oldest files are gone, from the first entry that is left; as {@link #check(Path)}. */
    public static AuditCheck checkRest(Path directory) {
        return check(directory, AuditCheck.ofRest());
    }

    private static AuditCheck check(Path directory, AuditCheck check) {
        forEachLine(directory, (file, number, line) -> {
            try {
                check.next(AuditLine.parse(line));
            } catch (TidalException e) {
                check.damaged("line " + number + " of " + file.getFileName() + ": " + e.getMessage());
            }
        });
        return check;
    }

    /** Is told of each line. */
    public interface LineVisitor {
        /**
         * A line.
         *
         * @param number in the file, from 1
         */
        void line(Path file, long number, String line);
    }

    /** Reads all complete lines of a directory, in order; as {@link #check}. */
    public static void forEachLine(Path directory, LineVisitor visitor) {
        if (!Files.isDirectory(directory)) {
            throw TidalException.invalid("there is no audit log in " + directory
                    + ": expected the data directory of a node that has run this version");
        }
        try {
            for (Path file : find(directory).values()) {
                String content = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
                long number = 0;
                int begin = 0;
                for (int end = content.indexOf('\n'); end >= 0; end = content.indexOf('\n', begin)) {
                    visitor.line(file, ++number, content.substring(begin, end));
                    begin = end + 1;
                }
            }
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, "audit log in " + directory + " can't be read: " + e, e);
        }
    }

    @Override
    public synchronized void close() {
        FileChannel open = channel;
        channel = null;
        closed = true;
        if (open != null) {
            try (open) {
                open.force(true);
            } catch (IOException e) {
                LOG.warn("audit log in {} can't be closed: {}", directory, e.getMessage());
            }
        }
    }
}
