package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Spoils the files of a data directory and looks at what the commands say. A build tries a sample of the bytes, with each field of the
 * formats in it; {@code -Dtidal.flips=all} tries every byte.
 */
@DisplayName("A data directory")
class DamagedDirectoryTest {

    private static final boolean ALL = "all".equals(System.getProperty("tidal.flips"));
    private static final long SEED = Long.getLong("tidal.flips.seed", 20_261_121L);
    private static final int HEADER_BYTES = 64;
    private static final int BLOCK_BYTES = 4096;
    private static final int[] HEADER_FIELDS = {
        0, 4, 6, 7, 8, 15, 16, 20, 24, 31, 32, 40, 47, 48, 52, 56, 58, 60, 62, 63
    };
    private static final String AT = "2026-02-01T00:00:00Z";
    private static final List<String> TENANTS = List.of("1", "2", "3");

    @TempDir
    static Path work;

    private static Path clean;
    private static List<String> answers;

    private final Random random = new Random(SEED);

    @BeforeAll
    static void writeThreeTenants() throws IOException {
        clean = work.resolve("clean");
        for (int part = 0; part < 3; part++) {
            StringBuilder events = new StringBuilder();
            for (int i = 0; i < 12; i++) {
                events.append(String.format(
                        "{\"tenant\":\"%d\",\"signal\":\"%s\",\"entity_name\":\"e%d\",\"weight\":%d,\"ts\":\"2026-01-%02dT00:00:00Z\"}%n",
                        1 + i % 3, i % 2 == 0 ? "view" : "like", i, part + 1, 1 + part));
            }
            Path file = Files.writeString(work.resolve("part.ndjson"), events);
            Cli.run("signal", "import", "--data-dir", clean, "--create-tenants", file)
                    .done();
        }
        Cli.run("wal", "verify", clean).done();
        answers = answers(clean, TENANTS);
    }

    /** Returns what the tenants answer to everything that can be asked. */
    private static List<String> answers(Path directory, List<String> tenants) {
        List<String> all = new ArrayList<>();
        for (String tenant : tenants) {
            for (String signal : List.of("view", "like")) {
                all.add(Cli.run(
                                "query",
                                "top",
                                "--data-dir",
                                directory,
                                "--tenant",
                                tenant,
                                "--signal",
                                signal,
                                "--at",
                                AT,
                                "--output",
                                "json")
                        .done()
                        .out());
            }
        }
        return all;
    }

    private static List<String> answersOf(List<String> tenants) {
        return tenants.stream()
                .flatMap(tenant ->
                        answers.subList(2 * TENANTS.indexOf(tenant), 2 * TENANTS.indexOf(tenant) + 2).stream())
                .toList();
    }

    private static JsonNode verify(Path directory, int code) {
        return Cli.run("wal", "verify", directory, "--output", "json")
                .ended(code)
                .json();
    }

    /** Returns where the batches of a segment begin. */
    private static List<Long> batches(Path segment) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        List<Long> starts = new ArrayList<>();
        for (int at = 0; at < bytes.limit(); at += HEADER_BYTES + bytes.getInt(at + 20)) {
            starts.add((long) at);
        }
        return starts;
    }

    /** Every byte, or every field of every header and every so many bytes of the rest. */
    private List<Long> offsets(Path file, int every) throws IOException {
        List<Long> offsets = new ArrayList<>();
        boolean segment = file.toString().endsWith(".seg");
        Set<Long> fields = new HashSet<>();
        if (segment) {
            for (long start : batches(file)) {
                for (int field : HEADER_FIELDS) {
                    fields.add(start + field);
                }
            }
        }
        for (long offset = 0; offset < Files.size(file); offset++) {
            boolean edge = !segment && (offset < 80 || Files.size(file) - offset <= 16);
            if (ALL || edge || fields.contains(offset) || random.nextInt(every) == 0) {
                offsets.add(offset);
            }
        }
        return offsets;
    }

    @Test
    @DisplayName(
            "R-10: after a clean close, one flipped bit in a segment or the journal is found, with file and offset")
    void everyFlippedBitIsFound() throws IOException {
        Path directory = Trees.copy(clean, work.resolve("flips"));
        List<Path> files = new ArrayList<>(Trees.files(directory, ".seg"));
        assertThat(files).hasSize(3);
        files.addAll(Trees.files(directory.resolve("journal")));
        assertThat(files).hasSize(5);
        for (Path file : files) {
            String name = directory.relativize(file).toString();
            List<Long> starts = file.toString().endsWith(".seg") ? batches(file) : List.of(0L);
            for (long offset : offsets(file, name.endsWith(".jnl") ? 40 : 8)) {
                int bit = random.nextInt(8);
                Trees.flip(file, offset, bit);
                JsonNode report = verify(directory, 1);
                String story = "bit " + bit + " of byte " + offset + " of " + name + ": " + report;
                assertThat(report.path("ok").asBoolean()).as(story).isFalse();
                JsonNode damage = report.path("damage").path(0);
                assertThat(damage.path("file").asText()).as(story).isEqualTo(name);
                long start = starts.stream()
                        .filter(s -> s <= offset)
                        .mapToLong(s -> s)
                        .max()
                        .orElseThrow();
                assertThat(damage.path("offset").asLong(-1)).as(story).isEqualTo(start);
                assertThat(damage.path("expected").asText()).as(story).isNotBlank();
                assertThat(damage.path("actual").asText()).as(story).isNotBlank();
                Trees.flip(file, offset, bit);
            }
        }
        verify(directory, 0);
    }

    @Test
    @DisplayName("R-12: the tenant of a damaged segment is refused, the others work, and deleting it is a way out")
    void refusesTheTenantConcernedAndServesTheOthers() throws IOException {
        Path probe = Trees.files(clean.resolve("tenants/2"), ".seg").get(0);
        List<Long> starts = batches(probe);
        List<Long> places = new ArrayList<>();
        for (int field : ALL ? HEADER_FIELDS : new int[] {0, 4, 8, 20, 40}) {
            places.add(starts.get(field % starts.size()) + field);
        }
        places.add(starts.get(1) + HEADER_BYTES + 3);
        places.add(Files.size(probe) - 1);
        for (long offset : places) {
            Path directory = Trees.copy(clean, work.resolve("refused"));
            Path segment = directory.resolve(clean.relativize(probe));
            Trees.flip(segment, offset, random.nextInt(8));
            byte[] damaged = Files.readAllBytes(segment);
            String name = directory.relativize(segment).toString();
            for (Object[] command : new Object[][] {
                {"query", "top", "--data-dir", directory, "--tenant", "2", "--signal", "view"},
                {"signal", "record", "--data-dir", directory, "--tenant", "2", "--signal", "view", "--entity", "9"},
                {"tenant", "usage", "--data-dir", directory, "2"}
            }) {
                Cli.Answer answer = Cli.run(command).ended(1);
                assertThat(answer.err().lines().filter(line -> line.startsWith("tidal: ")))
                        .as("flip at %d", offset)
                        .singleElement()
                        .asString()
                        .contains(name, "at offset ", "expected ", "found ", "restore the file", "CORRUPT_LOG");
                assertThat(answer.err()).doesNotContain("Exception");
            }
            assertThat(answers(directory, List.of("1", "3"))).isEqualTo(answersOf(List.of("1", "3")));
            Cli.run("signal", "record", "--data-dir", directory, "--tenant", "1", "--signal", "view", "--entity", "9")
                    .done();
            assertThat(Files.readAllBytes(segment))
                    .as("kept for whoever repairs it")
                    .isEqualTo(damaged);
            assertThat(verify(directory, 1).path("damage")).isNotEmpty();

            Cli.run("tenant", "delete", "--data-dir", directory, "2", "--yes").done();
            verify(directory, 0);
            assertThat(answers(directory, List.of("3"))).isEqualTo(answersOf(List.of("3")));
        }
    }

    @Test
    @DisplayName("a damaged segment that is restored from a copy is served again")
    void restoringIsTheOtherWayOut() throws IOException {
        Path directory = Trees.copy(clean, work.resolve("restored"));
        Path segment = Trees.files(directory.resolve("tenants/2"), ".seg").get(0);
        Trees.flip(segment, 70, 1);
        Cli.run("query", "top", "--data-dir", directory, "--tenant", "2", "--signal", "view")
                .ended(1);
        Trees.flip(segment, 70, 1);
        assertThat(answers(directory, TENANTS)).isEqualTo(answers);
        verify(directory, 0);
    }

    @Test
    @DisplayName(
            "never answers wrongly: with one flipped bit in any file it answers as before, or refuses and says why")
    void neverAnswersWrongly() throws IOException {
        Path spoiled = Trees.copy(clean, work.resolve("spoiled"));
        Cli.run(
                        "signal",
                        "load",
                        "--data-dir",
                        spoiled,
                        "--tenant",
                        "1",
                        "--rate",
                        "20000",
                        "--duration",
                        "250ms",
                        "--ack-log",
                        work.resolve("load.ndjson"))
                .done();
        assertThat(Trees.files(spoiled.resolve("tenants/1/snapshots")))
                .as("a checkpoint")
                .isNotEmpty();
        List<String> before = answers(spoiled, TENANTS);
        for (Path original : Trees.files(spoiled)) {
            String name = spoiled.relativize(original).toString();
            long size = Files.size(original);
            if (name.equals("LOCK") || name.endsWith(".seg") || size == 0) {
                continue;
            }
            int tries = ALL ? (int) Math.min(size, 2_000) : 6;
            for (int i = 0; i < tries; i++) {
                long offset = tries == size ? i : (long) (random.nextDouble() * size);
                int bit = random.nextInt(8);
                Path directory = Trees.copy(spoiled, work.resolve("one"));
                Trees.flip(directory.resolve(name), offset, bit);
                answersAsBeforeOrRefuses("bit " + bit + " of byte " + offset + " of " + name, directory, before);
            }
        }
    }

    private static void answersAsBeforeOrRefuses(String story, Path directory, List<String> before) {
        for (String tenant : TENANTS) {
            Cli.Answer answer = Cli.run(
                    "query",
                    "top",
                    "--data-dir",
                    directory,
                    "--tenant",
                    tenant,
                    "--signal",
                    "view",
                    "--at",
                    AT,
                    "--output",
                    "json");
            if (story.endsWith(".ckpt")) {
                answer.done();
            }
            if (answer.code() == 0) {
                assertThat(answer.out()).as(story).isEqualTo(before.get(2 * TENANTS.indexOf(tenant)));
            } else {
                assertThat(answer.code()).as("%s%n%s", story, answer.err()).isEqualTo(1);
                assertThat(answer.err())
                        .as(story)
                        .contains("tidal: ")
                        .doesNotContain("Exception", "internal error", "TENANT_NOT_FOUND", "UNKNOWN_SIGNAL");
            }
        }
    }

    /** A directory as a killed process leaves it: nothing closed, everything in the journal. */
    private static Path killed(int events) {
        Path live = work.resolve("live");
        Path dead = work.resolve("killed");
        Trees.delete(live);
        try (Tidal tidal =
                Tidal.builder().dataDir(live).signal("view", Duration.ofDays(7)).open()) {
            Tenant tenant =
                    tidal.createTenant(TenantConfig.builder(TenantId.of(1)).build());
            for (int i = 0; i < events; i++) {
                tenant.recordAll(
                        List.of(Signal.of("view", 100L + i, 1).at(Instant.parse("2026-01-01T00:00:00Z"))),
                        io.tidaldb.core.WriteOptions.DEFAULT);
            }
            return Trees.copy(live, dead);
        }
    }

    private static int count(Path directory) {
        return Cli.run("query", "top", "--data-dir", directory, "--tenant", "1", "--signal", "view", "--output", "json")
                .done()
                .json()
                .path("entities")
                .size();
    }

    /** Returns where the last commit begins, by the numbers that its blocks carry. */
    private static long lastCommit(Path journal) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(journal)).order(ByteOrder.LITTLE_ENDIAN);
        long at = -1;
        long number = 0;
        for (int block = 0; block + BLOCK_BYTES <= bytes.limit(); block += BLOCK_BYTES) {
            long stamp = bytes.getLong(block);
            if (Long.compareUnsigned(stamp, number) > 0 && bytes.getLong(block + BLOCK_BYTES - 8) == stamp) {
                number = stamp;
                at = block;
            }
        }
        return at;
    }

    @Test
    @DisplayName(
            "R-13: after a crash, a last commit that is cut at any length is cut off, and everything before it is there")
    void recoversFromEveryTruncation() throws IOException {
        Path dead = killed(5);
        assertThat(count(Trees.copy(dead, work.resolve("whole")))).isEqualTo(5);
        Path journal = Trees.files(dead, ".jnl").get(0);
        long start = lastCommit(journal);
        assertThat(start).isGreaterThan(0);
        byte[] content = Files.readAllBytes(journal);
        for (int kept = 0; kept < BLOCK_BYTES; kept++) {
            boolean cut = kept < 160 || kept > BLOCK_BYTES - 24 || kept % 128 == 0;
            if (!ALL && !cut) {
                continue;
            }
            for (boolean shorter : new boolean[] {true, false}) {
                cut(journal, content, start + kept, shorter);
                String story = "kept " + kept + " bytes, " + (shorter ? "file cut" : "rest zero");
                JsonNode report = verify(dead, 0);
                assertThat(report.path("ok").asBoolean()).as(story).isTrue();
                // Less than the number that a block begins with is not known from space that was never used, and zeros
                // that
                // replace zeros are no cut.
                boolean seen = kept >= Long.BYTES && !Arrays.equals(content, Files.readAllBytes(journal));
                assertThat(report.path("torn_tails").size()).as(story).isBetween(seen ? 1 : 0, 1);
                if (ALL || kept % 512 == 0 || kept == 72) {
                    Path opened = Trees.copy(dead, work.resolve("opened"));
                    // Where only padding is torn, the frames may have been acknowledged, and stay.
                    int left = count(opened);
                    assertThat(left).as(story).isBetween(4, shorter || kept < 160 ? 4 : 5);
                    Cli.run(
                                    "signal",
                                    "record",
                                    "--data-dir",
                                    opened,
                                    "--tenant",
                                    "1",
                                    "--signal",
                                    "view",
                                    "--entity",
                                    "1")
                            .done();
                    assertThat(count(opened)).as(story).isEqualTo(left + 1);
                    assertThat(verify(opened, 0).path("torn_tails")).as(story).isEmpty();
                }
            }
        }
    }

    private static void cut(Path journal, byte[] content, long length, boolean shorter) throws IOException {
        try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(content), 0);
            channel.truncate(length);
            if (!shorter) {
                channel.write(ByteBuffer.wrap(new byte[(int) (content.length - length)]), length);
            }
        }
    }

    @Test
    @DisplayName(
            "R-13: after a crash, a flipped bit in a commit before the last is damage of that log and no torn tail")
    void damageInALiveJournalIsNoTornTail() throws IOException {
        Path dead = killed(4);
        Path journal = Trees.files(dead, ".jnl").get(0);
        String name = dead.relativize(journal).toString();
        long last = lastCommit(journal);
        for (long offset = last - 2 * BLOCK_BYTES; offset < last; offset++) {
            long inBlock = offset % BLOCK_BYTES;
            boolean field = inBlock < 260 && inBlock % 5 == 0 || inBlock > BLOCK_BYTES - 10;
            if (!ALL && !field && random.nextInt(150) != 0) {
                continue;
            }
            int bit = random.nextInt(8);
            Trees.flip(journal, offset, bit);
            JsonNode report = verify(dead, 1);
            assertThat(report.path("torn_tails"))
                    .as("bit %d of byte %d: %s", bit, offset, report)
                    .isEmpty();
            assertThat(report.path("damage").path(0).path("file").asText()).isEqualTo(name);
            Trees.flip(journal, offset, bit);
        }
        verify(dead, 0);
    }
}
