package io.tidaldb.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.cli.ErrorReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TidalCommandTest {

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void wrongUsageIsTwoAndSaysWhereToLook() {
        assertThat(run()).isEqualTo(2);
        assertThat(run("nope")).isEqualTo(2);
        assertThat(err.toString())
                .contains("tidal: unknown command 'nope': expected one of audit, cluster, completion, ")
                .contains("Try 'tidal --help'.");
        assertThat(run("signal")).isEqualTo(2);
        assertThat(err.toString()).contains("expected one of declare, export, import, load, record, types, verify");
        assertThat(run("cluster", "init", "--nodes", "3")).isEqualTo(2);
        assertThat(err.toString()).contains("Unknown options: '--nodes', '3'", "Try 'tidal cluster init --help'.");
        assertThat(run("session")).isEqualTo(2);
        assertThat(err.toString()).contains("expected one of close, export, show, start, write");
        assertThat(run("negative")).isEqualTo(2);
        assertThat(err.toString()).contains("expected one of block, hide, list, mute, withdraw");
        assertThat(run("signal", "types", "--plugins", "x")).isEqualTo(2);
        assertThat(err.toString()).contains("expected --data-dir DIR with it");
        assertThat(run("plugins", "list", "--server", "http://x")).isEqualTo(2);
        assertThat(err.toString()).contains("Unknown options: '--server'");
        assertThat(run("tenant", "list", "--output", "xml")).isEqualTo(2);
        assertThat(run("query", "count", "--window", "2h", "--tenant", "1", "--signal", "view"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("expected 1h, 24h or 7d");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void everyCommandHasHelp() {
        CommandLine root = TidalCommand.commandLine();
        List<CommandLine> commands =
                new java.util.ArrayList<>(root.getSubcommands().values());
        for (int i = 0; i < commands.size(); i++) {
            commands.addAll(commands.get(i).getSubcommands().values());
            CommandLine.Model.CommandSpec spec = commands.get(i).getCommandSpec();
            String[] words = (spec.qualifiedName(" ") + " --help")
                    .substring("tidal ".length())
                    .split(" ");
            assertThat(run(words)).as(spec.qualifiedName()).isZero();
            assertThat(spec.optionsMap()).as(spec.qualifiedName()).containsKeys("--output", "--token", "--version");
        }
        assertThat(commands).hasSizeGreaterThan(25);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aDirectoryThatDoesNotExistIsNotCreatedByAReader() {
        Path missing = directory.resolve("none");
        assertThat(run("tenant", "list", "--data-dir", missing.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("does not exist");
        assertThat(missing).doesNotExist();
    }

    @Test
    void aFileThatCanNotBeReadCreatesNoDirectory() throws IOException {
        Path binary = Files.write(directory.resolve("x.bin"), new byte[] {0, 1, 2});
        Path store = directory.resolve("store");
        assertThat(run("signal", "import", binary.toString(), "--data-dir", store.toString()))
                .isEqualTo(1);
        assertThat(run("signal", "import", directory.resolve("no").toString(), "--data-dir", store.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("x.bin is not text").contains("no does not exist");
        assertThat(store).doesNotExist();
    }

    @Test
    void quickstartWantsAnEmptyDirectory() throws IOException {
        Files.writeString(directory.resolve("x"), "x");
        assertThat(run("quickstart", "--data-dir", directory.toString())).isEqualTo(2);
        assertThat(run("quickstart", "--serve")).isEqualTo(2);
        assertThat(run("quickstart", "--wal", "paper")).isEqualTo(2);
        assertThat(err.toString())
                .contains("is not empty")
                .contains("--serve and --port are not available")
                .contains("--wal paper", "\"paper\" is missing", "\"memory\" (class path)");
    }

    @Test
    void logsAreLookedForWhereTheyCanBe() {
        assertThat(run("wal", "verify", directory.resolve("none").toString())).isEqualTo(2);
        assertThat(run("wal", "verify", directory.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("is not a data directory");
    }

    @Test
    void failuresAreOneLineWithACode() {
        assertThat(report(new TidalException(ErrorCode.TENANT_NOT_FOUND, "no tenant")))
                .isEqualTo(1);
        assertThat(report(TidalException.invalid("bad\n value"))).isEqualTo(2);
        assertThat(report(new CompletionException(quota()))).isEqualTo(3);
        assertThat(report(new NoSuchFileException("/x"))).isEqualTo(1);
        assertThat(report(new IllegalStateException("oops"))).isEqualTo(1);
        assertThat(err.toString().lines().toList())
                .containsExactly(
                        "tidal: no tenant (TENANT_NOT_FOUND)",
                        "tidal: bad; value (INVALID_ARGUMENT)",
                        "tidal: tenant t1 exceeds its quota ENTITIES (ENTITIES): requested 1, limit 5, burst 5,"
                                + " observed 5; raise the quota or delete data (QUOTA_EXCEEDED)",
                        "tidal: /x does not exist",
                        "tidal: internal error: IllegalStateException: oops");
    }

    private static QuotaExceededException quota() {
        return new QuotaExceededException(
                TenantId.of(1),
                QuotaExceededException.Quota.ENTITIES,
                QuotaExceededException.Cause.ENTITIES,
                5,
                5,
                1,
                5,
                null);
    }

    private int report(Throwable failure) {
        return ErrorReport.report(failure, new PrintWriter(err, true));
    }

    private int run(String... args) {
        return TidalCommand.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }
}
