package io.tidaldb.server.cli.completion;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.server.TidalCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What shells offer that have read the scripts. One that is not installed skips its rows. */
@DisplayName("Completion")
class CompletionCommandTest {

    @TempDir
    Path directory;

    private Path script(String shell) throws IOException {
        StringWriter out = new StringWriter();
        assertThat(TidalCommand.commandLine()
                        .setOut(new PrintWriter(out))
                        .setErr(new PrintWriter(new StringWriter()))
                        .execute("completion", shell))
                .isZero();
        return Files.writeString(directory.resolve("tidal." + shell), out.toString());
    }

    /** Returns what is offered where the last word is completed. */
    private List<String> offered(String shell, String line) throws Exception {
        Path script = script(shell);
        if (shell.equals("fish")) {
            return run(
                            "fish",
                            "--no-config",
                            "--command",
                            "source " + script + "; complete --do-complete '" + line + "'")
                    .stream()
                    .map(each -> each.split("\t", 2)[0])
                    .toList();
        }
        String[] words = line.split(" ", -1);
        boolean zsh = shell.equals("zsh");
        // zsh takes the words for completion by bash's rules that it has registered, and leaves out itself what does
        // not begin as typed.
        Path file = Files.writeString(
                directory.resolve("asks"),
                "source " + script + "\n"
                        + (zsh
                                ? "[[ $_comps[tidal] = *_complete_tidal* ]] || exit 1; emulate ksh\n"
                                : "compopt() { :; }\n")
                        + "COMP_LINE='" + line + "'\nCOMP_WORDS=(" + quoted(words) + ")\nCOMP_CWORD="
                        + (words.length - 1) + "\n_complete_tidal\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
        List<String> offered = zsh ? run("zsh", "-f", file.toString()) : run("bash", "--norc", file.toString());
        return zsh
                ? offered.stream()
                        .filter(each -> each.startsWith(words[words.length - 1]))
                        .toList()
                : offered;
    }

    private static String quoted(String[] words) {
        return IntStream.range(0, words.length)
                .mapToObj(i -> "'" + words[i] + "' ")
                .reduce("", String::concat);
    }

    private static List<String> run(String... command) throws Exception {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return Assumptions.abort("skipped: there is no " + command[0] + " here");
        }
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        List<String> lines = new ArrayList<>();
        text.lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(lines::add);
        return lines;
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh", "fish"})
    @DisplayName("offers commands, options, values and files where they belong, and nowhere else")
    void offers(String shell) throws Exception {
        assertThat(offered(shell, "tidal sig")).containsExactly("signal");
        assertThat(offered(shell, "tidal ")).contains("cluster", "signal", "tenant", "completion");
        assertThat(offered(shell, "tidal cluster "))
                .contains("up", "down", "status")
                .doesNotContain("cluster", "tenant");
        assertThat(offered(shell, "tidal cluster up --"))
                .contains("--nodes", "--data-dir", "--base-port", "--output", "--help")
                .doesNotContain("--wait-for", "--rate");
        assertThat(offered(shell, "tidal cluster status --wait-for ")).containsExactly("healthy");
        assertThat(offered(shell, "tidal signal load --rate 5 --tenant 7 --ack"))
                .containsExactly("--ack-log");
        assertThat(offered(shell, "tidal tenant list --output ")).containsExactlyInAnyOrder("table", "json");
        assertThat(offered(shell, "tidal tenant list --output j")).containsExactly("json");
        assertThat(offered(shell, "tidal tenant create --durability MA")).containsExactly("MAJORITY");
        assertThat(offered(shell, "tidal signal import --on-throttle ")).containsExactlyInAnyOrder("wait", "skip");
        assertThat(offered(shell, "tidal completion f")).containsExactly("fish");
        assertThat(offered(shell, "tidal tenant create --label ")).isEmpty();
        if (shell.equals("zsh")) {
            // It looks for files only while somebody types.
            return;
        }
        Path events = Files.writeString(directory.resolve("events.ndjson"), "");
        assertThat(offered(shell, "tidal signal import " + directory + "/ev")).containsExactly(events.toString());
        assertThat(offered(shell, "tidal node --config " + directory + "/ev")).containsExactly(events.toString());
    }

    @Test
    @DisplayName("for fish has a line for each option of each command, with what the help says of it")
    void everyOption() throws IOException {
        String fish = Files.readString(script("fish"));
        assertThat(fish.lines().filter(line -> line.contains("--long-option help ")))
                .hasSizeGreaterThan(30);
        assertThat(fish)
                .contains("--condition '__tidal_at \\'cluster up\\'' --long-option nodes --exclusive"
                        + " --description '1 to 16 (default: 3).'")
                .doesNotContain("${");
    }

    @Test
    @DisplayName("names the shells where another is asked for")
    void unknownShell() {
        StringWriter err = new StringWriter();
        assertThat(TidalCommand.commandLine().setErr(new PrintWriter(err)).execute("completion", "tcsh"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("tcsh", "BASH");
    }
}
