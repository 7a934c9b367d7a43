package io.tidaldb.wal.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lets system calls fail on which RocksDB and the store live, one after another, in a process of their own. RocksDB's Java interface has no
 * place for a disk of a test, so the calls are taken from the C library. Skipped, in one line, where there is no compiler.
 */
@DisplayName("R-13: The store rocks, a system call of which fails")
class EveryFaultTest {

    static final int CONTROL_BYTES = 20;
    private static final int EVERY = Integer.getInteger("tidal.faults.every", 40);

    @TempDir
    Path directory;

    private static String run(Map<String, String> environment, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            assertThat(process.waitFor()).as(said).isZero();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return said;
    }

    private Path compiled() throws IOException {
        Path source = directory.resolve("faults.c");
        try (InputStream code = EveryFaultTest.class.getResourceAsStream("faults.c")) {
            Files.write(source, Objects.requireNonNull(code).readAllBytes());
        }
        Path library = directory.resolve("faults.so");
        try {
            run(Map.of(), "cc", "-shared", "-fPIC", "-O1", "-o", library.toString(), source.toString(), "-ldl");
        } catch (IOException e) {
            Assumptions.abort("skipped: there is no C compiler here: " + e.getMessage());
        }
        return library;
    }

    @Test
    @DisplayName("says so, loses nothing that was acknowledged, makes nothing up, and goes on when it is opened again")
    void anyCallCanFail() throws IOException {
        Path library = compiled();
        Path control = Files.write(directory.resolve("control"), new byte[CONTROL_BYTES]);
        Path below = Files.createDirectory(directory.resolve("below"));
        String said = run(
                Map.of(
                        "LD_PRELOAD",
                        library.toString(),
                        "TIDAL_FAULTS",
                        control.toString(),
                        "TIDAL_FAULTS_BELOW",
                        below.toString()),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FaultyCalls.class.getName(),
                control.toString(),
                below.toString(),
                String.valueOf(EVERY));
        List<String> lines = said.lines().toList();
        lines.stream().filter(line -> line.startsWith("faults: ")).forEach(System.out::println);
        assertThat(lines).noneMatch(line -> line.startsWith(FaultyCalls.BROKEN));
        for (FaultyCalls.Fault fault : FaultyCalls.Fault.values()) {
            assertThat(lines).anyMatch(line -> line.matches("faults: " + fault + " calls=[1-9]\\d* .*"));
        }
        // Whoever overlooks these promises what is not there.
        assertThat(lines).anyMatch(line -> line.matches("faults: SYNC_ERROR .* refused=[1-9]\\d*"));
        assertThat(lines).anyMatch(line -> line.matches("faults: WRITE_ERROR .* refused=[1-9]\\d*"));
    }
}
