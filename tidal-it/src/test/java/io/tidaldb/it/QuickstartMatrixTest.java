package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-81, R-82: the quickstart")
class QuickstartMatrixTest {

    @TempDir
    Path work;

    private final Cell cell;

    QuickstartMatrixTest(Cell cell) {
        this.cell = cell;
    }

    @Test
    @DisplayName("R-82: runs on the plugins that it is given, finds all it had acknowledged, and says which they were")
    void tellsItsStory() throws IOException {
        Path events = Files.write(
                work.resolve("events.csv"),
                IntStream.range(0, 1_000)
                        .mapToObj(i -> i == 0
                                ? "tenant,signal,entity,ts"
                                : i % 3 + 1 + ",departed," + i % 50 + ",2026-01-01T00:00:" + (10 + i % 50) + "Z")
                        .toList());
        Path data = work.resolve("data");
        JsonNode report = Cli.run(
                        "quickstart",
                        "--events",
                        events,
                        "--data-dir",
                        data,
                        "--wal",
                        cell.wal(),
                        "--transport",
                        cell.transport(),
                        "--output",
                        "json")
                .done()
                .json();
        assertThat(report.path("ok").asBoolean()).isTrue();
        assertThat(report.path("wal").asText()).isEqualTo(cell.wal());
        assertThat(report.path("transport").asText()).isEqualTo(cell.transport());
        assertThat(report.path("events").path("accepted").asInt()).isEqualTo(999);
        assertThat(report.path("restart").path("missing").asInt()).isZero();
        assertThat(report.path("replicas").path("equal").asInt()).isEqualTo(6);
        JsonNode migration = report.path("migration");
        assertThat(migration.path("state").asText()).isEqualTo("COMPLETE");
        for (String field :
                new String[] {"reads_failed", "writes_failed", "missing", "duplicated", "source_records_after_gc"}) {
            assertThat(migration.path(field).asLong(-1)).as(field).isZero();
        }
        for (String node : new String[] {"n0", "n1", "n2"}) {
            JsonNode identity = Cli.parse(Repository.read(data.resolve(node).resolve("tidal.json")));
            assertThat(identity.path("wal").asText()).isEqualTo(cell.wal());
        }
        Cli.run("wal", "verify", data).done();
    }

    @Test
    @DisplayName(
            "R-07: commands make a data directory on the log store that they are told, and later ones find it there")
    void commandsOnItsStore() {
        Path data = work.resolve("data");
        Cli.run("tenant", "create", "--data-dir", data, "--tenant", "7", "--wal", cell.wal())
                .done();
        Cli.run("signal", "record", "--data-dir", data, "--tenant", "7", "--signal", "view", "--entity", "42")
                .done();
        JsonNode score = Cli.run(
                        "query",
                        "score",
                        "--data-dir",
                        data,
                        "--tenant",
                        "7",
                        "--signal",
                        "view",
                        "--entity",
                        "42",
                        "--output",
                        "json")
                .done()
                .json();
        assertThat(score.path("score").asDouble()).isPositive();
        Cli.run("wal", "verify", data).done();
        assertThat(Cli.run("wal", "dump", data).done().out()).contains("\"entity\":\"42\"");
        Cli.run("tenant", "create", "--data-dir", data, "--wal", "paper").ended(2);
    }
}
