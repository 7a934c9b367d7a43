package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.core.EntityNames;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kills real processes and looks at what they had promised. What was acknowledged is judged twice: by {@code signal verify}, and without
 * it from {@code wal dump}, where each acknowledged event must stand at its own position.
 *
 * <p>{@code -Dtidal.kill.cycles=50} kills more often than a build does; {@code -Dtidal.kill.seed=} repeats the choices of a run, though
 * not the moment to the instruction.
 */
@DisplayName("A killed process")
@ParameterizedClass(name = "on {0}")
@MethodSource("io.tidaldb.it.Cell#durableStores")
class KillTest {

    private static final int CYCLES = Integer.getInteger("tidal.kill.cycles", 4);
    private static final int MOST_CYCLES_OF_A_DIRECTORY = 4;
    private static final Duration HALF_LIFE = Duration.ofDays(7);

    @TempDir
    Path work;

    private final long seed = Long.getLong("tidal.kill.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final String wal;
    private final TestReporter reporter;

    KillTest(String wal, TestReporter reporter) {
        this.wal = wal;
        this.reporter = reporter;
        reporter.publishEntry(
                "seed", seed + ", on " + wal + (TidalProcess.packaged() ? ", packaged" : ", from classes"));
    }

    /** When a process is killed. */
    private enum Moment {
        /** Before or while it opens the data directory. */
        START_UP,
        /** As soon as something was acknowledged. */
        FIRST_ACKNOWLEDGEMENT,
        /** After a random number of acknowledgements. */
        MIDDLE,
        /** After it has printed its result, while it closes. */
        CLOSE
    }

    /** The commands that acknowledge. */
    private interface Acknowledging {

        /** Starts one on a data directory. */
        TidalProcess start(Path directory, Path ackLog, Path err);

        /** Returns how many lines it acknowledges, roughly. */
        int lines();

        /** Ends it early and cleanly, or lets it come to its end. */
        void finish(TidalProcess process, AckLogWatch watch) throws IOException, InterruptedException;

        /** Returns how often one run records an event of this kind at most. */
        int occurrences(EventKey event);
    }

    /** What makes two events the same. */
    private record EventKey(String tenant, String signal, String entity, double weight, Instant ts) {

        static EventKey of(JsonNode record) {
            return new EventKey(
                    record.path("tenant").asText(),
                    record.path("signal").asText(),
                    record.path("entity").asText(),
                    record.path("weight").asDouble(),
                    Instant.parse(record.path("ts").asText()));
        }
    }

    @Test
    @DisplayName(
            "R-13, F-06: by signal import of real events has lost nothing that it acknowledged, nothing is there twice, and usage adds up")
    void anImportLosesNothing() throws Exception {
        cycles(new RealEvents(work));
    }

    @Test
    @DisplayName(
            "R-13, F-06: by signal load has lost nothing that it acknowledged, nothing is there twice, and usage adds up")
    void aLoadLosesNothing() throws Exception {
        cycles(new UniqueEvents());
    }

    private void cycles(Acknowledging command) throws Exception {
        List<Path> ackLogs = new ArrayList<>();
        int directories = 0;
        Path directory = work.resolve("data-0");
        for (int cycle = 0; cycle < CYCLES; cycle++) {
            if (ackLogs.size() >= MOST_CYCLES_OF_A_DIRECTORY || (cycle > 1 && random.nextInt(4) == 0)) {
                goesOn(command, directory, ackLogs);
                Trees.delete(directory);
                directory = work.resolve("data-" + ++directories);
                ackLogs.clear();
            }
            Moment[] moments = Moment.values();
            Moment moment = moments[cycle < moments.length ? cycle : random.nextInt(moments.length)];
            Path ackLog = work.resolve("acks-" + cycle + ".ndjson");
            Path err = work.resolve("err-" + cycle + ".txt");
            String story = wal + ", seed " + seed + ", cycle " + cycle + ", killed at " + moment;
            long acknowledged = kill(command, moment, directory, ackLog, err);
            reporter.publishEntry(story, acknowledged + " acknowledged");
            ackLogs.add(ackLog);
            check(story, command, directory, ackLogs);
        }
        goesOn(command, directory, ackLogs);
    }

    private long kill(Acknowledging command, Moment moment, Path directory, Path ackLog, Path err) throws Exception {
        try (AckLogWatch watch = new AckLogWatch(ackLog);
                TidalProcess process = command.start(directory, ackLog, err)) {
            switch (moment) {
                case START_UP -> process.letRun(Duration.ofMillis(random.nextInt(1_500)));
                case FIRST_ACKNOWLEDGEMENT -> watch.await(1, process);
                case MIDDLE -> watch.await(1 + random.nextInt(command.lines() / 2), process);
                case CLOSE -> {
                    command.finish(process, watch);
                    assertThat(process.line()).as(process.errors()).isNotNull();
                    process.letRun(Duration.ofMillis(random.nextInt(100)));
                }
            }
            process.kill();
            long acknowledged = watch.count();
            if (moment != Moment.START_UP) {
                assertThat(acknowledged).as(process.errors()).isPositive();
            }
            return acknowledged;
        }
    }

    /** After all kills the directory works as if there had been none. */
    private void goesOn(Acknowledging command, Path directory, List<Path> ackLogs) throws Exception {
        Path ackLog = work.resolve("acks-last-" + directory.getFileName());
        Path err = work.resolve("err-last.txt");
        try (AckLogWatch watch = new AckLogWatch(ackLog);
                TidalProcess process = command.start(directory, ackLog, err)) {
            command.finish(process, watch);
            assertThat(process.exitCode()).as(process.errors()).isZero();
        }
        ackLogs.add(ackLog);
        check("seed " + seed + ", after all kills", command, directory, ackLogs);
    }

    private void check(String story, Acknowledging command, Path directory, List<Path> allLogs) throws IOException {
        List<Path> ackLogs = allLogs.stream().filter(Files::exists).toList();
        if (isNothing(directory)) {
            assertThat(ackLogs).as(story).isEmpty();
            return;
        }
        wal(story, directory);
        Set<String> found = dump(directory);
        Kept kept = promisesAreKept(story, command, ackLogs, allLogs.size(), found);
        if (!ackLogs.isEmpty()) {
            signalVerify(story, directory, ackLogs);
        }
        usage(story, directory, kept);
        JsonNode closed = wal(story, directory);
        assertThat(closed.path("torn_tails")).as(story).isEmpty();
        // What the next process reads is what was there before it repaired anything.
        found.removeAll(dump(directory));
        assertThat(found).as(story).isEmpty();
    }

    private static boolean isNothing(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return true;
        }
        try (Stream<Path> children = Files.list(directory)) {
            return children.findAny().isEmpty();
        }
    }

    static JsonNode wal(String story, Path directory) {
        Cli.Answer answer = Cli.run("wal", "verify", directory, "--output", "json");
        assertThat(answer.code()).as("%s%n%s", story, answer.out()).isZero();
        assertThat(answer.json().path("ok").asBoolean()).as(story).isTrue();
        return answer.json();
    }

    static void signalVerify(String story, Path directory, List<Path> ackLogs) throws IOException {
        List<Object> words = new ArrayList<>(List.of("signal", "verify", "--data-dir", directory, "--output", "json"));
        long lines = 0;
        for (Path log : ackLogs) {
            words.add("--ack-log");
            words.add(log);
            try (AckLogWatch counter = new AckLogWatch(log)) {
                lines += counter.count();
            }
        }
        Cli.Answer answer = Cli.run(words.toArray());
        assertThat(answer.code())
                .as("%s%n%s%s", story, answer.out(), answer.err())
                .isZero();
        JsonNode verification = answer.json();
        // A last line that lacks nothing but its end is a promise, too.
        assertThat(verification.path("acked").asLong()).as(story).isBetween(lines, lines + ackLogs.size());
        assertThat(verification.path("found")).as(story).isEqualTo(verification.path("acked"));
        assertThat(verification.path("missing").asLong()).as(story).isZero();
        assertThat(verification.path("duplicated").asLong()).as(story).isZero();
        assertThat(verification.path("score_max_error").asDouble()).as(story).isLessThanOrEqualTo(1e-6);
    }

    /**
     * What is metered is what the log holds, counted twice: by the command, and from the dump. Together with {@link #promisesAreKept},
     * by which each acknowledged event is in the log and none is there more often than it was sent, this makes usage the acknowledged
     * events and a part of those whose outcome nobody was told, each once.
     */
    private static void usage(String story, Path directory, Kept kept) {
        Map<String, Long> acknowledged = byTenant(kept.acknowledged);
        Map<String, Long> inLog = byTenant(kept.found);
        assertThat(inLog.keySet()).as(story).containsAll(acknowledged.keySet());
        inLog.forEach((tenant, signals) -> {
            JsonNode usage = Cli.run("tenant", "usage", tenant, "--verify", "--data-dir", directory, "--output", "json")
                    .done()
                    .json();
            assertThat(usage.at("/from_log/matches").asBoolean()).as(story).isTrue();
            assertThat(usage.at("/from_log/signals").asLong()).as(story).isEqualTo(signals);
            long metered = 0;
            for (JsonNode hour : usage.path("hours")) {
                metered += hour.path("signals").asLong();
            }
            assertThat(metered).as(story).isEqualTo(signals);
            assertThat(signals).as(story).isGreaterThanOrEqualTo(acknowledged.getOrDefault(tenant, 0L));
        });
    }

    /** Places, each a tenant and a position: those of all events in the log, and those that were acknowledged. */
    private record Kept(Set<String> found, Set<String> acknowledged) {}

    private static Map<String, Long> byTenant(Set<String> places) {
        Map<String, Long> counts = new TreeMap<>();
        places.forEach(place -> counts.merge(place.substring(0, place.indexOf(' ')), 1L, Long::sum));
        return counts;
    }

    private Set<String> dump(Path directory) throws IOException {
        Path file = work.resolve("dump.ndjson");
        Cli.runInto(file, "wal", "dump", directory).done();
        Set<String> lines = new HashSet<>();
        try (Stream<String> all = Files.lines(file)) {
            all.filter(line -> !lines.add(line)).forEach(line -> fail("there twice: " + line));
        }
        return lines;
    }

    private static Kept promisesAreKept(
            String story, Acknowledging command, List<Path> ackLogs, int runs, Set<String> dump) {
        Map<String, EventKey> byPosition = new HashMap<>();
        Map<EventKey, Integer> counts = new HashMap<>();
        for (String line : dump) {
            if (line.contains("\"kind\":\"signals\"")) {
                JsonNode record = Cli.parse(line);
                EventKey event = EventKey.of(record);
                byPosition.put(event.tenant() + " " + record.path("position").asText(), event);
                counts.merge(event, 1, Integer::sum);
            }
        }
        Set<String> acknowledged = new HashSet<>();
        for (Path log : ackLogs) {
            completeLines(log).forEach(line -> {
                JsonNode ack = Cli.parse(line);
                String place =
                        ack.path("tenant").asText() + " " + ack.path("position").asText();
                if (!acknowledged.add(place)) {
                    fail(story + ": acknowledged twice: " + line);
                }
                if (!EventKey.of(ack).equals(byPosition.get(place))) {
                    fail(story + ": acknowledged " + line + ", found " + byPosition.get(place));
                }
            });
        }
        counts.forEach((event, count) -> {
            if (count > runs * command.occurrences(event)) {
                fail(story + ": " + event + " is there " + count + " times");
            }
        });
        return new Kept(byPosition.keySet(), acknowledged);
    }

    /** A process that is killed while it writes leaves half a line, which promises nothing. */
    private static List<String> completeLines(Path log) {
        try {
            String text = Files.readString(log);
            return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @DisplayName("R-15: reads the scores that follow from the events, to 1e-6, after it was killed and opened again")
    void scoresFollowFromTheEvents() throws Exception {
        Path directory = work.resolve("data");
        Path ackLog = work.resolve("acks.ndjson");
        kill(new UniqueEvents(), Moment.MIDDLE, directory, ackLog, work.resolve("err.txt"));
        Map<String, Double> expected = new HashMap<>();
        List<EventKey> events = dump(directory).stream()
                .filter(line -> line.contains("\"kind\":\"signals\""))
                .map(line -> EventKey.of(Cli.parse(line)))
                .toList();
        Instant at = events.stream().map(EventKey::ts).max(Instant::compareTo).orElseThrow();
        for (EventKey event : events) {
            double age = (double) Duration.between(event.ts(), at).toNanos() / HALF_LIFE.toNanos();
            expected.merge(event.entity(), event.weight() * Math.pow(2, -age), Double::sum);
        }
        List<String> entities = expected.keySet().stream().sorted().limit(20).toList();
        for (String entity : entities) {
            JsonNode answer = Cli.run(
                            "query",
                            "score",
                            "--data-dir",
                            directory,
                            "--tenant",
                            "7",
                            "--signal",
                            "view",
                            "--entity",
                            entity,
                            "--at",
                            at,
                            "--output",
                            "json")
                    .done()
                    .json();
            double score = expected.getOrDefault(entity, 0.0);
            assertThat(answer.path("score").asDouble())
                    .as("seed %d, entity %s", seed, entity)
                    .isCloseTo(score, within(1e-6 * Math.max(1, score)));
        }
    }

    @Test
    @DisplayName("is not believed: an acknowledgement of what is not there, or there twice, is found")
    void verificationGoesRed() throws Exception {
        Path directory = work.resolve("data");
        Path ackLog = work.resolve("acks.ndjson");
        kill(new UniqueEvents(), Moment.MIDDLE, directory, ackLog, work.resolve("err.txt"));
        List<String> lines = completeLines(ackLog);
        String last = lines.get(lines.size() - 1);

        Files.writeString(ackLog, String.join("\n", lines) + "\n" + last.replace("\"view\"", "\"like\"") + "\n");
        JsonNode missing = Cli.run("signal", "verify", "--data-dir", directory, "--ack-log", ackLog, "--output", "json")
                .ended(1)
                .json();
        assertThat(missing.path("missing").asLong()).isEqualTo(1);

        Path again = work.resolve("again.ndjson");
        Files.writeString(again, lines.get(0) + "\n");
        Files.writeString(ackLog, String.join("\n", lines) + "\n");
        Cli.run("signal", "import", "--data-dir", directory, again).done();
        JsonNode twice = Cli.run("signal", "verify", "--data-dir", directory, "--ack-log", ackLog, "--output", "json")
                .ended(1)
                .json();
        assertThat(twice.path("duplicated").asLong()).isEqualTo(1);
    }

    /** The events that the quickstart runs on: 50,714 of three carriers, some of them exactly alike. */
    private final class RealEvents implements Acknowledging {

        private static final String SAMPLE =
                "tidal-server/src/main/resources/quickstart/houston-flights-2011-sample.csv.gz";

        private final Map<String, Integer> alike = new HashMap<>();
        private final Path file;
        private final int lines;

        RealEvents(Path work) throws IOException {
            file = Files.copy(Repository.root().resolve(SAMPLE), work.resolve("events.csv.gz"));
            try (BufferedReader reader = new BufferedReader(
                    new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
                reader.lines().skip(1).forEach(line -> {
                    String[] fields = line.split(",", -1);
                    alike.merge(fields[0] + " " + fields[3] + " " + EntityNames.idOf(fields[4]), 1, Integer::sum);
                });
            }
            lines = alike.values().stream().mapToInt(Integer::intValue).sum();
        }

        @Override
        public TidalProcess start(Path directory, Path ackLog, Path err) {
            return TidalProcess.start(
                    err,
                    "signal",
                    "import",
                    file,
                    "--data-dir",
                    directory,
                    "--wal",
                    wal,
                    "--map",
                    "tenant=tenant,signal=type,entity=item,ts=time",
                    "--create-tenants",
                    "--half-life",
                    "7d",
                    "--ack-log",
                    ackLog,
                    "--output",
                    "json");
        }

        @Override
        public int lines() {
            return lines;
        }

        @Override
        public void finish(TidalProcess process, AckLogWatch watch) {}

        @Override
        public int occurrences(EventKey event) {
            return alike.getOrDefault(event.ts() + " " + event.signal() + " " + event.entity(), 0);
        }
    }

    /** Made-up events, of which no two are alike. */
    private final class UniqueEvents implements Acknowledging {

        @Override
        public TidalProcess start(Path directory, Path ackLog, Path err) {
            return TidalProcess.start(
                    err,
                    "signal",
                    "load",
                    "--data-dir",
                    directory,
                    "--wal",
                    wal,
                    "--tenant",
                    "7",
                    "--rate",
                    "20000",
                    "--duration",
                    "10m",
                    "--writers",
                    "2",
                    "--entities",
                    "500",
                    "--ack-log",
                    ackLog,
                    "--output",
                    "json");
        }

        @Override
        public int lines() {
            return 20_000;
        }

        @Override
        public void finish(TidalProcess process, AckLogWatch watch) throws IOException, InterruptedException {
            watch.await(1 + random.nextInt(lines() / 2), process);
            process.terminate();
        }

        @Override
        public int occurrences(EventKey event) {
            return 1;
        }
    }
}
