package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kills clusters of three nodes, again and again, and cuts the power of their disk; each opens with what the one before has left, and says what
 * it finds. What was acknowledged must be there once, and nothing else but what was sent at that moment.
 *
 * <p>{@code -Dtidal.crash.cycles=250} kills so often on each cell, {@code -Dtidal.power.cuts=50} cuts so often on each.
 */
@DisplayName("R-13, R-33: A cluster in one process")
class CrashCyclesTest {

    private static final int CYCLES = Integer.getInteger("tidal.crash.cycles", 1);
    private static final int CUTS = Integer.getInteger("tidal.power.cuts", 1);
    private static final int MOST_CYCLES_OF_A_DIRECTORY = 10;
    private static final int LOST_BY_NOW = 40;
    private static final long IDS_OF_A_CYCLE = 1_000_000;

    /** Tells an ext4 to be as a disk that lost its power: nothing more reaches it, not even its journal. */
    private static final String SHUTDOWN =
            "import fcntl,os,struct,sys; fcntl.ioctl(os.open(sys.argv[1],0),0x8004587d,struct.pack('I',2))";

    @TempDir
    Path work;

    private final long seed = Long.getLong("tidal.crash.seed", System.nanoTime());
    private final Random random = new Random(seed);

    static List<Cell> cells() {
        return Cell.chosen().stream()
                .filter(cell -> cell.equals(new Cell(cell.wal(), cell.transport())))
                .toList();
    }

    /** What ends a process. */
    private interface End {
        void happen(Process process) throws IOException, InterruptedException;
    }

    /** What is known of one directory. */
    private static final class Book {

        /** Ids acknowledged. */
        private final Set<Long> acknowledged = new HashSet<>();

        /** For each cycle the first id that was written, and the last that may have been. */
        private final List<long[]> ranges = new ArrayList<>();

        private long first = 1;

        void begin() {
            first += IDS_OF_A_CYCLE;
        }
    }

    /** What was found out about promises. */
    private static final class Tally {

        private long acknowledged;
        private long unknown;
        private final Set<Long> lost = new HashSet<>();
        private final Set<Long> wrong = new HashSet<>();

        void check(Book book, Map<Long, Long> found) {
            book.acknowledged.stream().filter(id -> !found.containsKey(id)).forEach(lost::add);
            found.forEach((id, count) -> {
                boolean sent = book.ranges.stream().anyMatch(range -> range[0] <= id && id <= range[1]);
                if (count != 1 || !sent) {
                    wrong.add(id);
                }
                if (!book.acknowledged.contains(id)) {
                    unknown++;
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    @DisplayName("that is killed has lost nothing that it acknowledged, and nothing is there twice")
    void killed(Cell cell) throws Exception {
        Tally tally = new Tally();
        Path directory = work.resolve("data");
        for (int done = 0; done < CYCLES; done += MOST_CYCLES_OF_A_DIRECTORY) {
            Book book = new Book();
            for (int i = 0; i < Math.min(MOST_CYCLES_OF_A_DIRECTORY, CYCLES - done); i++) {
                cycle(cell, "MAJORITY", directory, book, tally, CrashCyclesTest::kill);
            }
            look(cell, "MAJORITY", directory, book, tally);
            Trees.delete(directory);
        }
        say("kills", cell, CYCLES, tally);
        assertThat(tally.acknowledged).isPositive();
        assertThat(tally.lost).as("lost, seed %d", seed).isEmpty();
        assertThat(tally.wrong).as("twice or never sent, seed %d", seed).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("cells")
    @DisplayName("whose disk loses its power has lost nothing that it acknowledged, and nothing is there twice")
    void powerCut(Cell cell) throws Exception {
        try (FaultTools tools = new FaultTools()) {
            Disk disk = new Disk(tools);
            Tally tally = new Tally();
            for (int done = 0; done < CUTS; done += MOST_CYCLES_OF_A_DIRECTORY) {
                Book book = new Book();
                for (int i = 0; i < Math.min(MOST_CYCLES_OF_A_DIRECTORY, CUTS - done); i++) {
                    cycle(cell, "MAJORITY", disk.data(), book, tally, disk::cut);
                }
                look(cell, "MAJORITY", disk.data(), book, tally);
                Trees.delete(disk.data());
            }
            say("power cuts", cell, CUTS, tally);
            assertThat(tally.lost).as("lost, seed %d", seed).isEmpty();
            assertThat(tally.wrong).as("twice or never sent, seed %d", seed).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "control: that acknowledges before it syncs loses something sooner or later when its disk loses its power")
    void asynchronous(String wal) throws Exception {
        Cell cell = new Cell(wal, "inproc");
        try (FaultTools tools = new FaultTools()) {
            Disk disk = new Disk(tools);
            Tally tally = new Tally();
            int cuts = 0;
            while (tally.lost.isEmpty() && cuts < LOST_BY_NOW) {
                Book book = new Book();
                cycle(cell, "ASYNC", disk.data(), book, tally, disk::cut);
                look(cell, "ASYNC", disk.data(), book, tally);
                Trees.delete(disk.data());
                cuts++;
            }
            say("power cuts without sync", cell, cuts, tally);
            assertThat(tally.lost).isNotEmpty();
            assertThat(tally.wrong).isEmpty();
        }
    }

    private static void say(String what, Cell cell, int cycles, Tally tally) {
        System.out.println(what + ": cell=" + cell + " cycles=" + cycles + " acknowledged=" + tally.acknowledged
                + " unknown=" + tally.unknown + " lost=" + tally.lost.size() + " wrong=" + tally.wrong.size());
    }

    private static void kill(Process process) throws InterruptedException {
        // Not by the process itself, which would close what it has said and nobody has read yet.
        process.toHandle().destroyForcibly();
        process.waitFor();
    }

    /** Makes the disk on which an ext4 is fail from now on, whatever it is asked to do. */
    static void shutDown(Path mount) {
        FaultTools.run("python3", "-c", SHUTDOWN, mount.toString());
    }

    /** Runs a cluster until something happens to it. */
    private void cycle(Cell cell, String durability, Path directory, Book book, Tally tally, End end)
            throws IOException, InterruptedException {
        book.begin();
        Process process = start(cell, durability, directory, book);
        // While it still opens, but only where something can be lost.
        boolean early = !book.acknowledged.isEmpty() && random.nextInt(8) == 0;
        Map<Long, Long> found = new HashMap<>();
        long last = 0;
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            if (early) {
                LockSupport.parkNanos(Duration.ofMillis(random.nextInt(1_000)).toNanos());
            } else {
                untilOpen(lines, found);
                tally.check(book, found);
                // Some are written in any case, so that something is at stake.
                last = acknowledged(lines.readLine(), book, tally, last);
                LockSupport.parkNanos(Duration.ofMillis(random.nextInt(250)).toNanos());
            }
            end.happen(process);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                last = acknowledged(line, book, tally, last);
            }
        } finally {
            kill(process);
        }
        book.ranges.add(new long[] {book.first, Math.max(last, book.first) + CrashVictim.WRITERS});
    }

    // Half a line says nothing.
    private static long acknowledged(String line, Book book, Tally tally, long last) {
        if (line == null || !line.matches("A \\d{7,}")) {
            return last;
        }
        long id = Long.parseLong(line.substring(2));
        if (id < book.first) {
            return last;
        }
        book.acknowledged.add(id);
        tally.acknowledged++;
        return Math.max(last, id);
    }

    private void look(Cell cell, String durability, Path directory, Book book, Tally tally)
            throws IOException, InterruptedException {
        book.begin();
        Process process = start(cell, durability, directory, book);
        Map<Long, Long> found = new HashMap<>();
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            untilOpen(lines, found);
        } finally {
            kill(process);
        }
        tally.check(book, found);
    }

    private void untilOpen(BufferedReader lines, Map<Long, Long> found) throws IOException {
        String line = lines.readLine();
        while (line != null && !line.equals("OPEN")) {
            String[] words = line.split(" ", 3);
            found.put(Long.parseLong(words[1]), Long.parseLong(words[2]));
            line = lines.readLine();
        }
        assertThat(line)
                .as("seed %d: %s", seed, Repository.read(work.resolve("err.txt")))
                .isEqualTo("OPEN");
    }

    private Process start(Cell cell, String durability, Path directory, Book book) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                CrashVictim.class.getName(),
                directory.toString(),
                cell.wal(),
                cell.transport(),
                durability,
                Long.toString(book.first)));
        // More than was sent, so that what was never sent is seen, too.
        book.ranges.forEach(range -> command.add(range[0] + ":" + (range[1] + 100)));
        return new ProcessBuilder(command)
                .redirectError(work.resolve("err.txt").toFile())
                .start();
    }

    /** A file system of its own on a file, whose power can be cut. */
    private final class Disk {

        private final String device;
        private final Path mount;

        Disk(FaultTools tools) throws IOException {
            Path image = work.resolve("disk.img");
            FaultTools.need("truncate", "-s", "1G", image.toString());
            FaultTools.need("mkfs.ext4", "-q", "-F", image.toString());
            device = FaultTools.need("losetup", "-f", "--show", image.toString());
            tools.undoBy("losetup", "-d", device);
            mount = Files.createDirectories(work.resolve("disk"));
            FaultTools.need("mount", device, mount.toString());
            tools.undoBy("umount", "-l", mount.toString());
        }

        Path data() {
            return mount.resolve("data");
        }

        void cut(Process process) throws InterruptedException {
            shutDown(mount);
            kill(process);
            FaultTools.run("umount", mount.toString());
            FaultTools.run("mount", device, mount.toString());
        }
    }
}
