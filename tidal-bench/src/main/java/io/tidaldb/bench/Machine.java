package io.tidaldb.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/** What the figures were measured on. */
record Machine(
        int processors,
        String processor,
        long memoryMebibytes,
        String system,
        String java,
        String disk,
        double syncMicros,
        double loadAverage) {

    private static final int SYNCS = 200;
    private static final int BLOCK_BYTES = 4096;

    /** Looks at this machine, and writes and syncs a few blocks on the disk that is to be measured. */
    static Machine here(Path directory) throws IOException {
        Files.createDirectories(directory);
        FileStore store = Files.getFileStore(directory);
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        double load = system.getSystemLoadAverage();
        return new Machine(
                system.getAvailableProcessors(),
                processorName(),
                system.getTotalMemorySize() >> 20,
                system.getName() + " " + system.getVersion() + " " + system.getArch(),
                System.getProperty("java.vm.name", "") + " " + Runtime.version(),
                store.type() + " on " + store.name(),
                syncMicros(directory),
                load);
    }

    private static String processorName() throws IOException {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(file)) {
            return "unknown";
        }
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith("model name"))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
    }

    private static double syncMicros(Path directory) throws IOException {
        double[] micros = new double[SYNCS];
        Path probe = directory.resolve("sync-probe");
        try (FileChannel file = FileChannel.open(probe, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(SYNCS * BLOCK_BYTES));
            file.force(true);
            for (int i = 0; i < SYNCS; i++) {
                long begin = System.nanoTime();
                file.write(ByteBuffer.allocate(BLOCK_BYTES), (long) i * BLOCK_BYTES);
                file.force(false);
                micros[i] = (System.nanoTime() - begin) / 1e3;
            }
        } finally {
            Files.deleteIfExists(probe);
        }
        return Medians.of(micros);
    }

    String markdown() {
        return String.format(
                Locale.ROOT,
                "%d processors (%s), %,d MiB of memory, %s, %s, %s where 4 KiB are written and synced in %.0f µs (median of %d);"
                        + " load average %.1f before.",
                processors,
                processor,
                memoryMebibytes,
                system,
                java,
                disk,
                syncMicros,
                SYNCS,
                loadAverage);
    }
}
