package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Does what the pages say that somebody does with a cluster, command by command, in their order. */
@DisplayName("The runbooks")
class RunbookTest {

    private static final Path DOCS = Repository.root().resolve("docs");

    private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path work;

    private static List<List<String>> commands(String page) {
        return DocumentedCommandsTest.commands(DOCS.resolve(page));
    }

    private static String run(List<String> words, Map<String, Object> here, String... more) {
        // The first two are the command, which may be called like a directory.
        List<Object> all = new ArrayList<>(words.subList(0, 2));
        words.stream().skip(2).forEach(word -> all.add(here.getOrDefault(word, word)));
        all.addAll(List.of(more));
        return Cli.run(all.toArray()).done().out();
    }

    /** Starts the node that takes the place of another one; what it prints is of no interest. */
    private TidalProcess replacement(ProcessCluster cluster, String address) throws IOException {
        Path configuration = Files.writeString(
                work.resolve("n3.yaml"),
                String.format(
                        Locale.ROOT,
                        """
                        cluster: %s
                        node: n3
                        region: 2
                        data_dir: %s
                        http: {listen: "127.0.0.1:0"}
                        transport: {listen: "%s"}
                        join: {n0: "%s", n1: "%s"}
                        """,
                        cluster.name(),
                        work.resolve("n3"),
                        address,
                        cluster.peer(0),
                        cluster.peer(1)));
        return TidalProcess.start(work.resolve("n3.txt"), "node", "--config", configuration);
    }

    /** Runs what a page's first block has for the shell before it comes to Tidal. */
    private void prepare(String page) throws Exception {
        String block = Repository.extractAll(DOCS.resolve(page), BLOCK).get(0);
        String script = block.lines().filter(line -> !line.contains("tidal ")).collect(Collectors.joining("\n"));
        Process shell = new ProcessBuilder("bash", "-euc", script)
                .directory(work.toFile())
                .inheritIO()
                .start();
        assertThat(shell.waitFor()).as(script).isZero();
    }

    @Test
    @DisplayName("encrypt a tenant, make tokens, read the audit log")
    void onADirectory() throws Exception {
        Map<String, Object> here = Map.of(
                "data", work.resolve("data"), "keys", work.resolve("keys"), "tokens.json", work.resolve("tokens.json"));
        prepare("encryption.md");
        for (List<String> words : commands("encryption.md")) {
            assertThat(run(words, here)).as(String.join(" ", words)).isNotBlank();
        }
        List<List<String>> ofNodes = commands("node.md").stream()
                .filter(words -> words.contains("--tokens") || words.get(0).equals("audit"))
                .filter(words -> !words.contains("--access"))
                .toList();
        assertThat(ofNodes).hasSizeGreaterThan(5);
        for (List<String> words : ofNodes) {
            assertThat(run(words, here)).as(String.join(" ", words)).isNotBlank();
        }
    }

    @Test
    @DisplayName("replace a node's software, look at what may be stuck, replace a lost node and restore a tenant")
    void onACluster() throws Exception {
        Path directory = work.resolve("data");
        Cli.run("tenant", "create", "--data-dir", directory, "--tenant", 7).done();
        try (ProcessCluster cluster = new ProcessCluster(work, 3)) {
            cluster.up();
            String[] server = {"--server", cluster.servers(0)};
            run(List.of("tenant", "create", "--tenant", "7", "--shards", "r0:s0"), Map.of(), server);
            run(List.of("signal", "record", "--tenant", "7", "--signal", "view", "--entity", "42"), Map.of(), server);
            for (List<String> words : commands("upgrade.md")) {
                boolean local = words.contains("--data-dir");
                assertThat(run(words, Map.of("data", directory), local ? new String[0] : server))
                        .as(String.join(" ", words))
                        .isNotBlank();
            }
            run(
                    List.of("migrate", "start", "--tenant", "7", "--from", "r0:s0", "--to", "r1:s1", "--hold", "0s"),
                    Map.of(),
                    "--wait",
                    server[0],
                    server[1]);
            lookAndMend(cluster, server);
        }
    }

    private void lookAndMend(ProcessCluster cluster, String... server) throws Exception {
        String address = "127.0.0.1:" + FreePorts.one();
        Map<String, Object> here = Map.of(
                "data",
                cluster.data(0),
                "backup",
                work.resolve("backup"),
                "10.0.0.13:7401",
                address,
                "2026-11-21T10:00:00Z",
                Instant.now());
        cluster.kill(2);
        try (TidalProcess replacement = replacement(cluster, address)) {
            for (List<String> words : commands("operating.md")) {
                boolean local = words.get(0).equals("wal");
                assertThat(run(words, here, local ? new String[0] : server))
                        .as(String.join(" ", words))
                        .isNotBlank();
            }
            assertThat(replacement.errors()).contains("node n3 serves").doesNotContain("ERROR");
            assertThat(run(List.of("cluster", "nodes"), here, server)).contains("n3");
            assertThat(run(
                            List.of("query", "count", "--tenant", "70", "--signal", "view", "--entity", "42"),
                            here,
                            server))
                    .contains("1");
        }
    }
}
