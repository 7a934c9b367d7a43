package io.tidaldb.testkit.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Fuzzes an enum of {@link Decoder}s with Jazzer, which has to be on the class path. Inputs that once reached something new are kept in
 * {@code src/test/fuzz/DECODER}; each is read by each build, which then searches from a seed that is always the same.
 *
 * <p>{@code -Dtidal.fuzz.executions=N} runs each decoder so often in a process of its own, from another seed each time, {@code -Dtidal.fuzz.only=DECODER} one alone;
 * what they find on the way is left in {@code target/fuzz}.
 */
public abstract class FuzzContract {

    private static final int USUAL_EXECUTIONS = 10_000;
    private static final Pattern EXECUTED = Pattern.compile("stat::number_of_executed_units: *(\\d+)");

    private final Class<? extends Decoder> decoders;

    /** @param decoders an enum */
    protected FuzzContract(Class<? extends Decoder> decoders) {
        this.decoders = decoders;
    }

    /** What became of a search. */
    private record Outcome(int code, long executions, String text) {}

    @TestFactory
    @DisplayName("reads or refuses what is kept, and good inputs with any one byte cut, turned or at its limits")
    final Stream<DynamicTest> readsWhatIsKept() {
        return Fuzzing.all(decoders).stream()
                .map(each -> DynamicTest.dynamicTest(each.name(), () -> {
                    for (byte[] bytes : known(each)) {
                        Fuzzing.check(each, bytes);
                    }
                    for (byte[] example : each.examples()) {
                        for (int at = 0; at < example.length; at++) {
                            Fuzzing.check(each, Arrays.copyOf(example, at));
                            for (int value : new int[] {0, 0x7F, 0x80, 0xFF, example[at] ^ 1}) {
                                byte[] turned = example.clone();
                                turned[at] = (byte) value;
                                Fuzzing.check(each, turned);
                            }
                        }
                    }
                }));
    }

    @Test
    @DisplayName("reads or refuses whatever bytes come from elsewhere, within bounds")
    final void readsOrRefuses(@TempDir Path work) throws IOException, InterruptedException {
        Integer executions = Integer.getInteger("tidal.fuzz.executions");
        List<Decoder> all = Fuzzing.all(decoders);
        if (executions == null) {
            Path corpus = Files.createDirectories(work.resolve("corpus"));
            for (int i = 0; i < all.size(); i++) {
                write(corpus, all.get(i).name(), addressed(i, known(all.get(i))));
            }
            say(decoders.getSimpleName(), run(decoders, work, null, USUAL_EXECUTIONS, corpus));
            return;
        }
        String only = System.getProperty("tidal.fuzz.only");
        for (Decoder each : all) {
            if (only == null || only.equals(each.name())) {
                Path found = Files.createDirectories(Path.of("target", "fuzz", each.name()));
                write(found, "known", known(each));
                say(each.name(), run(decoders, work, each.name(), executions, found));
            }
        }
    }

    private static List<byte[]> addressed(int decoder, List<byte[]> inputs) {
        return inputs.stream().map(each -> Fuzzing.addressed(decoder, each)).toList();
    }

    private static void say(String what, Outcome outcome) {
        System.out.println(
                "fuzz: " + what + " executions=" + outcome.executions + " failed=" + (outcome.code == 0 ? 0 : 1));
        assertThat(outcome.code).as(outcome.text).isZero();
    }

    /** Returns whether a search finds that a decoder fails. */
    protected final boolean isFound(Decoder broken, int executions, Path work)
            throws IOException, InterruptedException {
        Path corpus = Files.createDirectories(work.resolve("corpus"));
        write(corpus, "known", broken.examples());
        return run(((Enum<?>) broken).getDeclaringClass(), work, broken.name(), executions, corpus).code != 0;
    }

    private static Outcome run(Class<?> decoders, Path work, @Nullable String only, int executions, Path corpus)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+EnableDynamicAgentLoading",
                "-cp",
                System.getProperty("java.class.path"),
                "-Dtidal.fuzz.decoders=" + decoders.getName()));
        if (only != null) {
            command.add("-Dtidal.fuzz.decoder=" + only);
        }
        command.addAll(List.of(
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + Fuzzing.class.getName(),
                "--instrumentation_includes=io.tidaldb.**",
                // What that allocates for each use of a regular expression would be the decoder's.
                "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.RegexRoadblocks",
                "--reproducer_path=" + work,
                "-artifact_prefix=" + work + "/",
                "-runs=" + executions,
                "-max_len=4096",
                "-timeout=60",
                // 0 is a seed of its own for each run.
                "-seed=" + (only == null ? 1 : 0),
                "-rss_limit_mb=0",
                "-print_final_stats=1",
                corpus.toString()));
        Path out = work.resolve("jazzer.txt");
        int code = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start()
                .waitFor();
        String text = Files.readString(out, StandardCharsets.ISO_8859_1);
        Matcher executed = EXECUTED.matcher(text);
        assertThat(executed.find()).as(text).isTrue();
        return new Outcome(
                code, Long.parseLong(executed.group(1)), text.substring(Math.max(0, text.length() - 10_000)));
    }

    private static List<byte[]> known(Decoder decoder) {
        List<byte[]> known = new ArrayList<>(decoder.examples());
        Path kept = Path.of("src", "test", "fuzz", decoder.name());
        if (Files.isDirectory(kept)) {
            try (Stream<Path> files = Files.list(kept)) {
                for (Path file : files.sorted().toList()) {
                    known.add(Files.readAllBytes(file));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return known;
    }

    private static void write(Path directory, String name, List<byte[]> inputs) throws IOException {
        for (int i = 0; i < inputs.size(); i++) {
            Files.write(directory.resolve(name + "-" + i), inputs.get(i));
        }
    }
}
