package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Full and failing disks as the system makes them, under real processes. What a machine doesn't permit is skipped, in one line. */
@DisplayName("A disk that is full or fails")
class FullDiskTest {

    private static final TenantId LARGE = TenantId.of(1);
    private static final TenantId SMALL = TenantId.of(2);
    private static final long FIRST_OF_MANY = 100;

    @TempDir
    Path work;

    private final FaultTools tools = new FaultTools();

    @AfterEach
    void undo() {
        tools.close();
    }

    private TidalProcess load(List<String> under, Path directory, Path acks, Path err, String duration) {
        return TidalProcess.start(
                under,
                err,
                "signal",
                "load",
                "--data-dir",
                directory,
                "--tenant",
                "7",
                "--rate",
                "500",
                "--duration",
                duration,
                "--writers",
                "2",
                "--entities",
                "100",
                "--reads-every",
                "5ms",
                "--ack-log",
                acks,
                "--output",
                "json");
    }

    private static void awaitText(Path file, String text, TidalProcess process)
            throws IOException, InterruptedException {
        try (AckLogWatch watch = new AckLogWatch(file)) {
            // Counted before it is read: a line that comes in between is waited for no more.
            long lines = watch.count();
            while (!Files.readString(file).contains(text) && process.isAlive()) {
                watch.await(lines + 1, process);
                lines = watch.count();
            }
        }
        assertThat(Files.readString(file)).contains(text);
    }

    private static long lines(Path file) throws IOException {
        try (AckLogWatch watch = new AckLogWatch(file)) {
            return watch.count();
        }
    }

    /** Waits until this many more are acknowledged. */
    private static void awaitMore(long more, Path acks, TidalProcess process) throws IOException, InterruptedException {
        try (AckLogWatch watch = new AckLogWatch(acks)) {
            long before = watch.count();
            watch.await(before + more, process);
            assertThat(watch.count()).as(process.errors()).isGreaterThanOrEqualTo(before + more);
        }
    }

    private static JsonNode report(TidalProcess process) {
        String line = process.line();
        assertThat(line).as(process.errors()).isNotNull();
        return Cli.parse(String.valueOf(line));
    }

    /** Each acknowledged event is there once, each refused one is not, and the usage is that of the log. */
    private static void isExactlyWhatWasAcknowledged(Path directory, Path acks) throws IOException {
        KillTest.wal("at the end", directory);
        KillTest.signalVerify("at the end", directory, List.of(acks));
        assertThat(usage(directory).at("/from_log/signals").asLong()).isEqualTo(lines(acks));
    }

    private static JsonNode usage(Path directory) {
        return Cli.run("tenant", "usage", "7", "--verify", "--data-dir", directory, "--output", "json")
                .done()
                .json();
    }

    private static Path tmpfs(FaultTools tools, Path at, String size) throws IOException {
        Files.createDirectories(at);
        FaultTools.need("mount", "-t", "tmpfs", "-o", "size=" + size, "none", at.toString());
        tools.undoBy("umount", "-l", at.toString());
        return at;
    }

    private static long used(Path disk) throws IOException {
        FileStore store = Files.getFileStore(disk);
        return store.getTotalSpace() - store.getUnallocatedSpace();
    }

    private static void resize(Path tmpfs, String size) {
        FaultTools.run("mount", "-o", "remount,size=" + size, tmpfs.toString());
    }

    @Test
    @DisplayName(
            "F-05: where the system refuses to let a file grow, writes are refused and reads go on; the same process goes on writing when it may")
    void fileSizeLimit() throws Exception {
        FaultTools.need("prlimit", "--fsize=2500000:unlimited", "true");
        Path directory = work.resolve("data");
        Path acks = work.resolve("acks");
        Path err = work.resolve("err");
        try (TidalProcess process =
                load(List.of("prlimit", "--fsize=2500000:unlimited"), directory, acks, err, "10m")) {
            awaitText(err, "first failed write", process);
            String refusal = process.errors();
            assertThat(refusal).contains(directory.toString(), "did not take a write", "bytes left", "free some space");
            FaultTools.run("prlimit", "--pid", String.valueOf(process.pid()), "--fsize=unlimited:unlimited");
            awaitMore(300, acks, process);
            process.terminate();
            JsonNode report = report(process);
            assertThat(process.exitCode()).as(process.errors()).isZero();
            assertThat(report.path("failed").asLong()).isPositive();
            assertThat(report.path("reads").asLong()).isPositive();
            assertThat(report.path("reads_failed").asLong()).isZero();
        }
        isExactlyWhatWasAcknowledged(directory, acks);
    }

    @Test
    @DisplayName(
            "F-05: on a disk of 2 MB writes are refused with what is needed and what is free; the same process writes when the disk grows, and again after it was filled")
    void twoMegabytes() throws Exception {
        Path disk = tmpfs(tools, work.resolve("disk"), "2m");
        Path directory = disk.resolve("data");
        Path acks = work.resolve("acks");
        Path err = work.resolve("err");
        try (TidalProcess process = load(List.of(), directory, acks, err, "10m")) {
            awaitText(err, "first failed write", process);
            assertThat(process.errors())
                    .containsPattern("the disk of .*data has \\d+ bytes left: expected \\d+ .*; free some space");
            assertThat(lines(acks)).isZero();
            resize(disk, "64m");
            awaitMore(300, acks, process);
            // A little more than what it keeps free: it goes on, and is soon full.
            resize(disk, String.valueOf(used(disk) + (20 << 20)));
            awaitMore(1, acks, process);
            resize(disk, "200m");
            awaitMore(300, acks, process);
            process.terminate();
            JsonNode report = report(process);
            assertThat(process.exitCode()).as(process.errors()).isZero();
            assertThat(report.path("reads_failed").asLong()).isZero();
        }
        isExactlyWhatWasAcknowledged(directory, acks);
    }

    private static TidalBuilder smallSegments(Path directory) {
        return Tidal.builder().dataDir(directory).segmentBytes(256 << 10).signal("view", Duration.ofDays(7));
    }

    /** Writes until the disk is full and returns how many were acknowledged. */
    private static long fill(Tenant tenant, long from) {
        long next = from;
        while (next < 5_000_000) {
            long first = next;
            try {
                tenant.recordAll(IntStream.range(0, 2_000)
                        .mapToObj(i -> Signal.of("view", first + i, 1))
                        .toList());
            } catch (TidalException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL);
                assertThat(e.outcome()).isEqualTo(Outcome.NOT_APPLIED);
                return next;
            }
            next += 2_000;
        }
        throw new AssertionError("the disk is never full");
    }

    /** The same, until a refusal makes no room any more by a checkpoint that was not due yet. */
    private static long fillWhole(Tenant tenant, long from) {
        long written = from;
        int refusals = 0;
        while (refusals < 100) {
            long before = written;
            written = fill(tenant, before);
            refusals = written > before ? 0 : refusals + 1;
        }
        return written;
    }

    @Test
    @DisplayName(
            "F-05: at a full disk reads go on and tenants can be deleted, by the same instance and by the command; what that frees can be written")
    void deletionMakesRoom() throws Exception {
        Path directory = tmpfs(tools, work.resolve("disk"), "14m").resolve("data");
        try (Tidal tidal = smallSegments(directory).open()) {
            Tenant kept = tidal.createTenant(TenantConfig.builder(SMALL).build());
            kept.record("view", 7, 1);
            Tenant large = tidal.createTenant(TenantConfig.builder(LARGE).build());
            long written = fillWhole(large, 0);
            assertThat(written).isPositive();
            assertThat(large.total("view")).isEqualTo(written);
            assertThat(kept.read("view", 7, ReadOptions.DEFAULT).count()).isOne();
            tidal.deleteTenant(LARGE);
            kept.record("view", 8, 1);
            assertThat(fillWhole(kept, 0)).isGreaterThan(written / 2);
        }
        Cli.run("tenant", "create", "--id", "7", "--data-dir", directory).done();
        assertThat(Cli.run(
                                "query",
                                "count",
                                "--data-dir",
                                directory,
                                "--tenant",
                                "2",
                                "--signal",
                                "view",
                                "--entity",
                                "7")
                        .code())
                .isZero();
        Path err = work.resolve("err");
        try (TidalProcess delete = TidalProcess.start(err, "tenant", "delete", "2", "--yes", "--data-dir", directory)) {
            assertThat(delete.exitCode()).as(delete.errors()).isZero();
        }
        try (Tidal tidal = smallSegments(directory).open()) {
            assertThat(tidal.tenant(SMALL)).isEmpty();
            assertThat(tidal.tenant(LARGE)).isEmpty();
            tidal.createTenant(TenantConfig.builder(SMALL).build()).record("view", 1, 1);
        }
    }

    @Test
    @DisplayName(
            "F-05: with not a byte left, taken by somebody else, nothing breaks: writes are refused, reads go on, and the same instance goes on when it is given back")
    void notAByteLeft() throws Exception {
        Path disk = tmpfs(tools, work.resolve("disk"), "24m");
        Path directory = disk.resolve("data");
        long written = 0;
        try (Tidal tidal = smallSegments(directory).open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(SMALL).build());
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 500; i++) {
                    tenant.record("view", written++, 1);
                }
                Path filler = disk.resolve("filler");
                takeEverything(filler);
                // What was prepared before may still be used.
                written = fill(tenant, written);
                for (int i = 0; i < 20; i++) {
                    assertThat(catchThrowableOfType(TidalException.class, () -> tenant.record("view", 1, 1))
                                    .code())
                            .isEqualTo(ErrorCode.STORAGE_FULL);
                }
                long refused = tenantsUntilFull(tidal);
                assertThat(tenant.total("view")).isEqualTo(written);
                Files.delete(filler);
                tenant.record("view", written++, 1);
                assertThat(tidal.tenant(TenantId.of(refused))).isEmpty();
                tidal.createTenant(TenantConfig.builder(TenantId.of(refused)).build());
                for (long id = refused; id >= FIRST_OF_MANY; id--) {
                    tidal.deleteTenant(TenantId.of(id));
                }
            }
        }
        try (Tidal tidal = smallSegments(directory).open()) {
            assertThat(tidal.tenant(SMALL).orElseThrow().total("view")).isEqualTo(written);
            assertThat(tidal.tenant(SMALL).orElseThrow().verifyUsage().matches())
                    .isTrue();
        }
    }

    /** Creates tenants, which the control log remembers, and returns the first that finds no room. */
    private static long tenantsUntilFull(Tidal tidal) {
        for (long id = FIRST_OF_MANY; id < FIRST_OF_MANY + 1_000; id++) {
            try {
                tidal.createTenant(TenantConfig.builder(TenantId.of(id)).build());
            } catch (TidalException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL);
                return id;
            }
        }
        throw new AssertionError("the disk is never full");
    }

    private static void takeEverything(Path filler) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
            byte[] page = new byte[4096];
            while (true) {
                file.write(page);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("space");
        }
    }

    @Test
    @DisplayName(
            "R-13: when the device under the file system fails, nothing more is acknowledged and the error says that the store must be reopened; reads go on, and all that was acknowledged is there afterwards")
    void failingDevice() throws Exception {
        Path below = tmpfs(tools, work.resolve("below"), "8m");
        Path image = below.resolve("image");
        FaultTools.run("truncate", "-s", "96M", image.toString());
        // Nothing but what is used is written to the image.
        FaultTools.need(
                "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,nodiscard", "-O", "^has_journal", image.toString());
        String device = FaultTools.need("losetup", "-f", "--show", image.toString());
        tools.undoBy("losetup", "-d", device);
        Path disk = Files.createDirectories(work.resolve("disk"));
        FaultTools.need("mount", device, disk.toString());
        tools.undoBy("umount", "-l", disk.toString());
        Path acks = work.resolve("acks");
        Path err = work.resolve("err");
        try (TidalProcess process = load(List.of(), disk.resolve("data"), acks, err, "10m")) {
            awaitText(err, "first failed write", process);
            assertThat(process.errors()).contains("acknowledges nothing until this instance is reopened");
            long acknowledged = lines(acks);
            assertThat(acknowledged).isPositive();
            resize(below, "128m");
            process.terminate();
            JsonNode report = report(process);
            process.exitCode();
            assertThat(report.path("reads_failed").asLong()).isZero();
            assertThat(lines(acks)).as("acknowledged after the failure").isEqualTo(acknowledged);
        }
        Path copy = work.resolve("copy");
        Trees.copy(disk.resolve("data"), copy);
        KillTest.wal("after the failure", copy);
        KillTest.signalVerify("after the failure", copy, List.of(acks));
    }

    @Test
    @DisplayName(
            "R-13: after one failed sync nothing is acknowledged although later syncs succeed; reads go on, and opened again everything acknowledged is there")
    void oneFailedSync() throws Exception {
        FaultTools.need("strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=fdatasync", "true");
        List<String> under = List.of(
                "strace",
                // The load is the child that is asked to end, and not strace.
                "-D",
                "-f",
                "--seccomp-bpf",
                "-o",
                "/dev/null",
                "-e",
                "trace=fdatasync",
                "-e",
                "inject=fdatasync:error=EIO:when=200");
        Path directory = work.resolve("data");
        Path acks = work.resolve("acks");
        Path err = work.resolve("err");
        try (TidalProcess process = load(under, directory, acks, err, "10m")) {
            awaitText(err, "first failed write", process);
            assertThat(process.errors()).contains("acknowledges nothing until this instance is reopened");
            long acknowledged = lines(acks);
            process.letRun(Duration.ofSeconds(1));
            process.terminate();
            JsonNode report = report(process);
            process.exitCode();
            assertThat(acknowledged).isPositive();
            assertThat(lines(acks)).as("acknowledged after the failure").isEqualTo(acknowledged);
            assertThat(report.path("reads_failed").asLong()).isZero();
        }
        KillTest.wal("after the failure", directory);
        KillTest.signalVerify("after the failure", directory, List.of(acks));
        try (TidalProcess process = load(List.of(), directory, work.resolve("more"), err, "1s")) {
            assertThat(process.exitCode()).as(process.errors()).isZero();
        }
    }
}
