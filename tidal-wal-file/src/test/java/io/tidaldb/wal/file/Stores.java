package io.tidaldb.wal.file;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.testkit.WalStory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/** Opens stores, copies their directories as a kill would leave them, and looks at the files. */
final class Stores {

    /** Of a store that rolls, checkpoints and recycles every few steps of a story. */
    private static final Limits TINY = new Limits(16 << 10, 8 << 10, 24 << 10, 1 << 20, 2 << 10, 8 << 10, 2);

    static final Limits SMALL = new Limits(64 << 10, 16 << 10, 128 << 10, 1 << 20, 4 << 10, 64 << 10, 4);

    private Stores() {}

    static WalStore open(Path directory) {
        return open(directory, SMALL);
    }

    static WalStore open(Path directory, Limits limits) {
        return FileWalStore.open(context(directory), limits, Disk.REAL);
    }

    static WalStore open(Path directory, Limits limits, Disk disk) {
        return FileWalStore.open(context(directory), limits, disk);
    }

    static WalStore open(Path directory, Disk disk, Executor background) {
        return FileWalStore.open(context(directory, background), SMALL, disk);
    }

    /** Begins a story about a store in a directory; work in the background is done one step in so many, at once if 0. */
    static WalStory story(Path directory, long seed, int lag) {
        return new WalStory(
                (root, background) -> FileWalStore.open(context(root, background), TINY, Disk.REAL),
                true,
                directory,
                seed,
                lag);
    }

    static WalStoreContext context(Path directory) {
        return context(directory, Runnable::run);
    }

    private static WalStoreContext context(Path directory, Executor background) {
        return new WalStoreContext(directory, RegionId.of(0), 4096, background);
    }

    /** Copies a directory while its store is open: what a killed process would leave, the page cache being the kernel's. */
    static Path copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        return to;
    }

    static void deleteTree(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
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

    static List<Path> files(Path directory, String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(f -> f.toString().endsWith(suffix)).sorted().toList();
        }
    }

    static Report inspect(Path directory) {
        Report report = new Report();
        new FileWalStoreFactory().inspect(directory, report);
        return report;
    }

    /** What an inspection found. */
    static final class Report implements WalInspection {

        final List<String> files = new ArrayList<>();
        final List<String> batches = new ArrayList<>();
        final List<String> torn = new ArrayList<>();
        final List<Damage> damages = new ArrayList<>();

        @Override
        public void file(String file, long bytes) {
            files.add(file);
        }

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            batches.add(log + " " + batch.firstSeqno());
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
