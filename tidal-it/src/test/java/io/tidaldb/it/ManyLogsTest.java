package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A node with more logs than it may have open files")
class ManyLogsTest {

    private static final int TENANTS = 500;
    private static final int ROUNDS = 3;

    @TempDir
    Path work;

    @Test
    @DisplayName("R-12: a process that may open 400 files imports into 500 tenants and reads all their logs back")
    void openFilesLimit() throws Exception {
        List<String> limited = List.of("prlimit", "--nofile=400:400");
        FaultTools.need("prlimit", "--nofile=400:400", "true");
        Path events = work.resolve("events.csv");
        Files.write(
                events,
                Stream.concat(
                                Stream.of("tenant,signal,entity,ts"),
                                IntStream.range(0, ROUNDS * TENANTS)
                                        .mapToObj(i -> (1 + i % TENANTS) + ",view," + (1 + i / TENANTS)
                                                + ",2026-01-01T00:00:00Z"))
                        .toList());
        Path data = work.resolve("data");
        Path acks = work.resolve("acks");
        Path err = work.resolve("err");
        Object[] words = {
            "signal", "import", events, "--data-dir", data, "--create-tenants", "--half-life", "7d", "--ack-log", acks
        };
        try (TidalProcess process = TidalProcess.start(limited, err, words)) {
            assertThat(process.exitCode()).as(process.errors()).isZero();
        }
        try (TidalProcess process = TidalProcess.start(
                limited, err, "signal", "verify", "--data-dir", data, "--ack-log", acks, "--output", "json")) {
            String verification = String.valueOf(process.line());
            assertThat(process.exitCode()).as(process.errors()).isZero();
            assertThat(Cli.parse(verification).path("found").asLong()).isEqualTo((long) ROUNDS * TENANTS);
        }
    }
}
