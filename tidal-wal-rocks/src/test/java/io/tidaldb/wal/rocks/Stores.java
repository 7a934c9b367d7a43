package io.tidaldb.wal.rocks;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.testkit.BatchSequence;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Opens stores, copies their directories as a kill would leave them, spoils files and looks at them. */
final class Stores {

    static final Origin ORIGIN = new Origin(RegionId.of(0), ShardId.of(0), 0);

    private Stores() {}

    static LogId log(int tenant) {
        return LogId.own(TenantId.of(tenant), ORIGIN);
    }

    static WalStoreContext context(Path directory) {
        return new WalStoreContext(directory, RegionId.of(0), WalStoreContext.DEFAULT_SEGMENT_BYTES, Runnable::run);
    }

    static WalStore open(Path directory) {
        return open(directory, Disk.REAL);
    }

    static WalStore open(Path directory, Disk disk) {
        return RocksWalStore.open(context(directory), disk);
    }

    static BatchSequence append(WalStore store, LogId log, int batches, int signals) {
        BatchSequence sequence = new BatchSequence(log);
        for (int i = 0; i < batches; i++) {
            store.append(log, sequence.next(signals));
        }
        return sequence;
    }

    static List<ByteBuffer> read(WalStore store, LogId log) {
        List<ByteBuffer> batches = new ArrayList<>();
        try (WalCursor cursor = store.read(log, 0)) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                batches.add(batch.encoded());
            }
        }
        return batches;
    }

    static List<ByteBuffer> encoded(BatchSequence batches) {
        return batches.batches().stream().map(WalBatch::encoded).toList();
    }

    /** Copies a directory while its store is open: what a killed process would leave, the page cache being the kernel's. */
    static Path copy(Path from, Path to) {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return to;
    }

    /** Returns the database's files whose names end so. */
    static List<Path> files(Path node, String suffix) {
        try (Stream<Path> files = Files.list(Layout.database(node))) {
            return files.filter(file -> file.getFileName().toString().endsWith(suffix))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Map<String, Long> sizes(Path node) {
        Map<String, Long> sizes = new TreeMap<>();
        files(node, "")
                .forEach(file ->
                        sizes.put(file.getFileName().toString(), file.toFile().length()));
        return sizes;
    }

    static void flip(Path file, long offset) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            bytes[(int) offset] ^= 0x10;
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns where some bytes are first found in a file, or -1. */
    static int find(Path file, byte[] wanted) {
        try {
            // One byte, one character.
            String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            return text.indexOf(new String(wanted, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes a byte of a log's first batch, in a way that only the batch's own checksum tells. */
    static void spoilFirstBatch(Path node, LogId log) {
        try (Database database = Database.open(Layout.database(node));
                Commit commit = new Commit(database);
                RocksIterator batches = database.iterateBatches()) {
            batches.seek(Keys.start(log));
            byte[] value = batches.value();
            value[WalBatch.HEADER_BYTES + 3] ^= 0x10;
            commit.batch(log, Keys.seqno(batches.key()), value);
            commit.write(database, Disk.REAL);
        } catch (RocksDBException e) {
            throw new AssertionError(e);
        }
    }

    static Report inspect(Path directory) {
        Report report = new Report();
        new RocksWalStoreFactory().inspect(directory, report);
        return report;
    }

    /** What an inspection found. */
    static final class Report implements WalInspection {

        final List<String> files = new ArrayList<>();
        final Map<LogId, List<ByteBuffer>> batches = new TreeMap<>();
        final List<String> torn = new ArrayList<>();
        final List<Damage> damages = new ArrayList<>();

        @Override
        public void file(String file, long bytes) {
            files.add(file);
        }

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            batches.computeIfAbsent(log, id -> new ArrayList<>()).add(batch.encoded());
        }

        @Override
        public void tornTail(String file, long offset, long bytes) {
            torn.add(file + "@" + offset + "+" + bytes);
        }

        @Override
        public void damage(String file, long offset, String expected, String actual) {
            damages.add(new Damage(file, offset, expected, actual));
        }
    }
}
