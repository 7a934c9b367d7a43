package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories that were written in format version 1, by others: what the commands say of them, against what was written. */
@DisplayName("A directory of version 1")
class FormatOneCommandsTest {

    private static final Path GOLDEN = Repository.root().resolve("tidal-wal-file/src/test/resources/wal-v1");
    private static final JsonNode EXPECTED = Cli.parse(Repository.read(GOLDEN.resolve("expected.json")));

    @TempDir
    Path work;

    /** A record, with signals by their index as version 1 has them. */
    private record Event(String position, String signal, String entity, double weight, Instant ts) {

        static Event expected(JsonNode record) {
            BigInteger nanos = record.path("ts").bigIntegerValue();
            BigInteger second = BigInteger.valueOf(1_000_000_000);
            return new Event(
                    "r0:s0:" + record.path("seqno").asText(),
                    record.path("signal").asText(),
                    record.path("entity").bigIntegerValue().toString(),
                    record.path("weight").asDouble(),
                    Instant.ofEpochSecond(
                            nanos.divide(second).longValueExact(),
                            nanos.mod(second).longValueExact()));
        }

        static Event dumped(JsonNode record) {
            assertThat(record.path("tenant").asText()).isEqualTo("0");
            assertThat(record.path("kind").asText()).isEqualTo("signals");
            return new Event(
                    record.path("position").asText(),
                    record.path("signal").asText(),
                    record.path("entity").asText(),
                    record.path("weight").asDouble(),
                    Instant.parse(record.path("ts").asText()));
        }
    }

    private static List<Event> expected() {
        List<Event> events = new ArrayList<>();
        EXPECTED.path("segments")
                .forEach(segment -> segment.path("batches")
                        .forEach(batch -> batch.path("records").forEach(record -> events.add(Event.expected(record)))));
        return events;
    }

    private Path directory(String kind) {
        return Trees.copy(GOLDEN.resolve(kind), work.resolve(kind));
    }

    private static List<Event> dump(Path directory, int code) {
        return Cli.run("wal", "dump", directory)
                .ended(code)
                .out()
                .lines()
                .map(Cli::parse)
                .map(Event::dumped)
                .toList();
    }

    private static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    @Test
    @DisplayName("R-10: is dumped record by record as it was written, with entities above 2^63, signs and nanoseconds")
    void dumpsWhatWasWritten() {
        List<Event> events = expected();
        assertThat(events).hasSize(164);
        assertThat(dump(directory("clean"), 0)).isEqualTo(events);
    }

    @Test
    @DisplayName("R-10: is inspected and verified file by file")
    void inspectsAndVerifies() {
        Path directory = directory("clean");
        JsonNode inspected =
                Cli.run("wal", "inspect", directory, "--output", "json").done().json();
        List<JsonNode> segments = list(EXPECTED.path("segments"));
        assertThat(list(inspected.path("files")).stream()
                        .map(file -> file.path("file").asText() + " " + file.path("bytes")))
                .containsExactlyElementsOf(segments.stream()
                        .map(segment -> "wal/" + segment.path("file").asText() + " " + segment.path("bytes"))
                        .toList());
        assertThat(list(inspected.path("logs"))).hasSize(1);
        JsonNode log = inspected.path("logs").path(0);
        assertThat(log.path("tenant").asText()).isEqualTo("0");
        assertThat(log.path("first").asText()).isEqualTo("1");
        assertThat(log.path("last").asText()).isEqualTo("164");
        assertThat(log.path("records").asInt()).isEqualTo(164);

        JsonNode verified =
                Cli.run("wal", "verify", directory, "--output", "json").done().json();
        assertThat(verified.path("ok").asBoolean()).isTrue();
        assertThat(verified.path("files").asInt()).isEqualTo(segments.size());
        assertThat(verified.path("batches").asInt())
                .isEqualTo(segments.stream()
                        .mapToInt(s -> s.path("batches").size())
                        .sum());
        assertThat(verified.path("records").asInt()).isEqualTo(164);
        assertThat(verified.path("torn_tails")).isEmpty();
        assertThat(verified.path("damage")).isEmpty();
    }

    @Test
    @DisplayName("R-10: with a torn last batch is sound, and holds what came before it")
    void aTornBatchIsReported() {
        Path directory = directory("torn");
        int left = EXPECTED.path("torn").path("records_left").asInt();
        JsonNode verified =
                Cli.run("wal", "verify", directory, "--output", "json").done().json();
        assertThat(verified.path("ok").asBoolean()).isTrue();
        assertThat(verified.path("records").asInt()).isEqualTo(left);
        assertThat(list(verified.path("torn_tails")))
                .singleElement()
                .satisfies(tail -> assertThat(tail.path("file").asText())
                        .isEqualTo("wal/" + EXPECTED.path("torn").path("file").asText()));
        assertThat(dump(directory, 0)).isEqualTo(expected().subList(0, left));
    }

    @Test
    @DisplayName("R-10: with a flipped byte is refused, with the file and the batch, and what can be read is shown")
    void aFlippedByteIsDamage() {
        Path directory = directory("damaged");
        JsonNode damaged = EXPECTED.path("damaged");
        JsonNode verified =
                Cli.run("wal", "verify", directory, "--output", "json").ended(1).json();
        assertThat(verified.path("ok").asBoolean()).isFalse();
        assertThat(list(verified.path("damage"))).singleElement().satisfies(damage -> {
            assertThat(damage.path("file").asText())
                    .isEqualTo("wal/" + damaged.path("file").asText());
            assertThat(damage.path("offset").asLong())
                    .isEqualTo(damaged.path("batch_offset").asLong());
        });
        assertThat(dump(directory, 1))
                .isEqualTo(expected().stream()
                        .filter(event -> !event.position().equals("r0:s0:11"))
                        .toList());

        Cli.run("tenant", "create", "--data-dir", directory, "--tenant", "5").done();
        Cli.Answer answer = Cli.run("query", "top", "--data-dir", directory, "--tenant", "0", "--signal", "view")
                .ended(1);
        assertThat(answer.err()).contains(damaged.path("file").asText(), "CORRUPT_LOG");
        Cli.run("signal", "record", "--data-dir", directory, "--tenant", "5", "--signal", "view", "--entity", "1")
                .done();
    }

    @Test
    @DisplayName("R-12: opens unchanged, answers with what it holds, and goes on in version 2")
    void opensAndGoesOn() throws IOException {
        for (String kind : List.of("clean", "torn")) {
            Path directory = directory(kind);
            int held = kind.equals("clean")
                    ? 164
                    : EXPECTED.path("torn").path("records_left").asInt();
            List<Event> events = expected().subList(0, held);
            Instant at = events.stream().map(Event::ts).max(Instant::compareTo).orElseThrow();
            long views = events.stream()
                    .filter(event ->
                            event.signal().equals("0") && event.entity().equals("42"))
                    .count();
            assertThat(count(directory, at)).as(kind).isEqualTo(views);
            assertThat(Files.readAllBytes(directory.resolve("wal/wal-00000000000000000001.seg")))
                    .isEqualTo(Files.readAllBytes(GOLDEN.resolve("clean/wal/wal-00000000000000000001.seg")));

            JsonNode recorded = Cli.run(
                            "signal",
                            "record",
                            "--data-dir",
                            directory,
                            "--tenant",
                            "0",
                            "--signal",
                            "view",
                            "--entity",
                            "42",
                            "--ts",
                            at,
                            "--output",
                            "json")
                    .done()
                    .json();
            assertThat(recorded.path("position").asText()).startsWith("r0:s0:");
            assertThat(count(directory, at)).as(kind).isEqualTo(views + 1);
            JsonNode verified = Cli.run("wal", "verify", directory, "--output", "json")
                    .done()
                    .json();
            assertThat(verified.path("torn_tails")).isEmpty();
            assertThat(Cli.run("wal", "dump", directory)
                            .done()
                            .out()
                            .lines()
                            .limit(held)
                            .map(Cli::parse)
                            .map(Event::dumped))
                    .containsExactlyElementsOf(events);
        }
    }

    private static long count(Path directory, Instant at) {
        return Cli.run(
                        "query",
                        "count",
                        "--data-dir",
                        directory,
                        "--tenant",
                        "0",
                        "--signal",
                        "view",
                        "--entity",
                        "42",
                        "--at",
                        at,
                        "--window",
                        "24h",
                        "--output",
                        "json")
                .done()
                .json()
                .path("count")
                .asLong();
    }
}
