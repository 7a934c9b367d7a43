package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.tidaldb.server.TidalCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds the command lines in README and docs to the commands that there are. */
@DisplayName("The commands in the documentation")
class DocumentedCommandsTest {

    private static final Pattern BLOCK = Pattern.compile("```(?:sh|bash|console)\n(.*?)```", Pattern.DOTALL);
    private static final Pattern INLINE = Pattern.compile("`((?:\\./)?tidal [^`]+)`");
    private static final Pattern CALL = Pattern.compile("(?:\\$ )?(?:\\./)?tidal((?: .*)?)");
    private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z][a-z-]+");

    @TempDir
    Path work;

    private static List<Path> pages() {
        List<Path> pages = new ArrayList<>(List.of(
                Repository.root().resolve("README.md"), Repository.root().resolve("CONTRIBUTING.md")));
        pages.addAll(Repository.files(Repository.root().resolve("docs"), ".md"));
        return pages;
    }

    /** Returns the words after {@code tidal} of every command line in code blocks. */
    static List<List<String>> commands(Path page) {
        List<List<String>> commands = new ArrayList<>();
        BLOCK.matcher(Repository.read(page))
                .results()
                .forEach(block -> block.group(1)
                        .replaceAll("\\\\\n\\s*", " ")
                        .lines()
                        .map(line -> line.replaceFirst("\\s+[#>|].*$", "").strip())
                        .map(CALL::matcher)
                        .filter(Matcher::matches)
                        .map(call -> call.group(1).strip())
                        .map(words -> words.isEmpty() ? List.<String>of() : Arrays.asList(words.split("\\s+")))
                        .forEach(commands::add));
        return commands;
    }

    @Test
    @DisplayName("parse, each of them")
    void parse() {
        int checked = 0;
        for (Path page : pages()) {
            for (List<String> words : commands(page)) {
                assertThatCode(() -> TidalCommand.commandLine().parseArgs(words.toArray(String[]::new)))
                        .as("%s: tidal %s", page.getFileName(), String.join(" ", words))
                        .doesNotThrowAnyException();
                checked++;
            }
        }
        assertThat(checked).isGreaterThanOrEqualTo(7);
    }

    @Test
    @DisplayName("name options that the command has, also within a sentence")
    void inlineOptions() {
        for (Path page : pages()) {
            INLINE.matcher(Repository.read(page))
                    .results()
                    .map(match -> match.group(1))
                    .forEach(text -> {
                        List<String> words = Arrays.stream(text.split("\\s+"))
                                .skip(1)
                                .takeWhile(word -> word.matches("[a-z]+"))
                                .toList();
                        assertThat(optionsOf(words))
                                .as("%s: %s", page.getFileName(), text)
                                .containsAll(OPTION.matcher(text)
                                        .results()
                                        .map(option -> option.group())
                                        .toList());
                    });
        }
    }

    /** Returns the options of a command; none if there is no such command, which is as wrong. */
    private static List<String> optionsOf(List<String> words) {
        picocli.CommandLine command = TidalCommand.commandLine();
        for (String word : words) {
            picocli.CommandLine next = command.getSubcommands().get(word);
            if (next == null) {
                break;
            }
            command = next;
        }
        return List.copyOf(command.getCommandSpec().optionsMap().keySet());
    }

    @Test
    @DisplayName("do what the README shows, one after the other")
    void readmeRuns() throws IOException {
        Path events = Files.writeString(
                work.resolve("events.ndjson"),
                "{\"tenant\":\"7\",\"signal\":\"view\",\"entity\":\"42\",\"ts\":\"2026-01-01T00:00:00Z\"}\n");
        int run = 0;
        for (List<String> words : commands(Repository.root().resolve("README.md"))) {
            if (words.contains("quickstart") || isOfCluster(words)) {
                continue;
            }
            Object[] here = words.stream()
                    .map(word -> word.equals("data") ? work.resolve("data").toString() : word)
                    .map(word -> word.equals("events.ndjson") ? events.toString() : word)
                    .toArray();
            assertThat(Cli.run(here).done().out()).as(String.join(" ", words)).isNotBlank();
            run++;
        }
        assertThat(run).isGreaterThanOrEqualTo(6);
        assertThat(Cli.run("wal", "dump", work.resolve("data"))
                        .done()
                        .out()
                        .lines()
                        .filter(line -> line.contains("\"kind\":\"signals\"")))
                .hasSize(2);
    }

    @Test
    @DisplayName("on the start page are those that the README shows")
    void startRuns() {
        assertThat(commands(Repository.root().resolve("docs/start.md")))
                .hasSizeGreaterThan(8)
                .isSubsetOf(commands(Repository.root().resolve("README.md")));
    }

    @Test
    @DisplayName("do what the page about sessions shows, one after the other")
    void sessionsRun() {
        Path data = work.resolve("data");
        Cli.run("tenant", "create", "--data-dir", data, "--tenant", "1").done();
        Cli.run("signal", "record", "--data-dir", data, "--tenant", "1", "--signal", "view", "--entity", "42")
                .done();
        List<List<String>> shown = commands(Repository.root().resolve("docs/sessions.md"));
        for (List<String> words : shown) {
            Object[] here = words.stream()
                    .map(word -> word.equals("./data") ? data.toString() : word)
                    .map(word -> word.endsWith(".parquet") ? work.resolve(word).toString() : word)
                    .map(word -> word.replace("\"", ""))
                    .toArray();
            assertThat(Cli.run(here).done().out()).as(String.join(" ", words)).isNotBlank();
        }
        assertThat(shown).hasSizeGreaterThan(8);
    }

    private static boolean isOfCluster(List<String> words) {
        return words.contains("demo") || words.contains("--server");
    }

    @Test
    @DisplayName("run a cluster as the README shows, on ports that are free")
    void readmeClusterRuns() throws Exception {
        List<List<String>> shown = commands(Repository.root().resolve("README.md")).stream()
                .filter(DocumentedCommandsTest::isOfCluster)
                .toList();
        assertThat(shown.get(0)).startsWith("cluster", "up", "--nodes", "3");
        try (ProcessCluster cluster = new ProcessCluster(work, 3)) {
            cluster.up();
            List<ProcessHandle> running = cluster.handles();
            for (List<String> words : shown.subList(1, shown.size())) {
                Object[] here = words.stream()
                        .map(word -> word.equals("demo") ? cluster.home().toString() : word)
                        .map(word -> word.endsWith(".csv.gz")
                                ? Repository.root().resolve(word).toString()
                                : word)
                        .map(word -> word.replace("http://127.0.0.1:7400", cluster.server(0)))
                        .map(word -> word.replace("http://127.0.0.1:7410", cluster.server(1)))
                        .map(word -> word.replace("http://127.0.0.1:7420", cluster.server(2)))
                        .toArray();
                assertThat(Cli.run(here).done().out())
                        .as(String.join(" ", words))
                        .isNotBlank();
            }
            assertThat(shown).hasSizeGreaterThanOrEqualTo(5);
            assertThat(running).noneMatch(ProcessHandle::isAlive);
        }
    }

    @Test
    @DisplayName("the script ./tidal and a jar answer alike: a version, an exit code, results on standard output only")
    void theScriptRuns() throws Exception {
        try (TidalProcess process = TidalProcess.start(work.resolve("err.txt"), "--version")) {
            assertThat(String.valueOf(process.line())).startsWith("tidal ");
            assertThat(process.exitCode()).isZero();
            assertThat(process.errors()).isEmpty();
        }
        try (TidalProcess process =
                TidalProcess.start(work.resolve("err.txt"), "wal", "verify", work.resolve("none"))) {
            assertThat(process.line()).isNull();
            assertThat(process.exitCode()).isEqualTo(2);
            assertThat(process.errors()).contains("tidal: ", "does not exist").doesNotContain("Exception");
        }
        try (Stream<Path> left = Files.list(work)) {
            assertThat(left).hasSize(1);
        }
    }
}
