package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A cluster of processes on this machine")
class ClusterCommandsTest {

    @TempDir
    Path work;

    private Path home;

    @BeforeEach
    void name() {
        home = work.resolve("cluster");
    }

    /** What a test has left running would outlive it. */
    @AfterEach
    void stop() throws IOException {
        if (Files.isDirectory(home)) {
            for (Path file : Repository.files(home, ".pid")) {
                long pid = Long.parseLong(Files.readString(file).split(" ", 2)[0]);
                ProcessHandle.of(pid)
                        .filter(process -> pid != ProcessHandle.current().pid())
                        .ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    private record Ended(int code, String out, String err) {}

    /** Runs a command that starts processes, which take its options and classes: in this process they would be a test's. */
    private Ended tidal(Object... words) throws InterruptedException {
        try (TidalProcess process = TidalProcess.start(work.resolve("err.txt"), words)) {
            List<String> lines = new ArrayList<>();
            for (String line = process.line(); line != null; line = process.line()) {
                lines.add(line);
            }
            return new Ended(process.exitCode(), String.join("\n", lines), process.errors());
        }
    }

    private JsonNode up(Object... more) throws InterruptedException {
        List<Object> words = new ArrayList<>(List.of("cluster", "up", "--data-dir", home, "--output", "json"));
        words.addAll(List.of(more));
        Ended ended = tidal(words.toArray());
        assertThat(ended.code()).as(ended.err()).isZero();
        return Cli.parse(ended.out());
    }

    private JsonNode process() throws IOException {
        JsonNode all = Cli.parse(Files.readString(home.resolve("cluster.json")));
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    private static ProcessHandle handle(JsonNode process) {
        return ProcessHandle.of(process.get("pid").asLong()).orElseThrow();
    }

    private static String state(JsonNode result) {
        return result.at("/nodes/0/state").asText();
    }

    @Test
    @DisplayName(
            "is started, found by its files, refused a second time, started again where a node was killed, and stopped")
    void life() throws Exception {
        assertThat(state(up("--nodes", 1, "--base-port", 0))).isEqualTo("started");
        JsonNode first = process();
        assertThat(first.fieldNames())
                .toIterable()
                .containsExactly("node", "pid", "http", "peer", "config", "data_dir");
        assertThat(first.get("node").asText()).isEqualTo("n0");
        String server = "http://" + first.get("http").asText();
        Cli.run("tenant", "create", "--server", server, "--tenant", 1).done();
        Cli.run("signal", "record", "--server", server, "--tenant", 1, "--signal", "view", "--entity", 7)
                .done();
        JsonNode health = Cli.run(
                        "cluster",
                        "status",
                        "--server",
                        "http://127.0.0.1:1," + server,
                        "--wait-for",
                        "healthy",
                        "--output",
                        "json")
                .done()
                .json();
        assertThat(health.at("/nodes/0/state").asText()).isEqualTo("UP");
        assertThat(health.at("/shards/0/role").asText()).isEqualTo("LEADER");
        assertThat(Cli.run("cluster", "status", "--data-dir", home).done().out())
                .contains("n0", "r0:s0", "LEADER", "HEALTHY");

        Ended again = tidal("cluster", "up", "--data-dir", home);
        assertThat(again.code()).isEqualTo(3);
        assertThat(again.err()).contains("runs already", first.get("pid").asText(), "tidal cluster down");
        Cli.run("cluster", "up", "--data-dir", home, "--nodes", 2).ended(2);

        ProcessHandle started = handle(first);
        started.destroyForcibly();
        started.onExit().join();
        Cli.Answer unreachable = Cli.run(
                        "cluster", "status", "--server", server, "--wait-for", "healthy", "--timeout", "300ms")
                .ended(1);
        assertThat(unreachable.err()).contains("can't be reached");
        assertThat(state(up("--nodes", 1))).isEqualTo("started");
        JsonNode second = process();
        assertThat(second.get("http")).isEqualTo(first.get("http"));
        assertThat(second.get("pid")).isNotEqualTo(first.get("pid"));
        assertThat(Cli.run(
                                "query",
                                "count",
                                "--server",
                                server,
                                "--tenant",
                                1,
                                "--signal",
                                "view",
                                "--entity",
                                7,
                                "--output",
                                "json")
                        .done()
                        .json()
                        .get("count")
                        .asLong())
                .isEqualTo(1);

        ProcessHandle running = handle(second);
        JsonNode down = Cli.run("cluster", "down", "--data-dir", home, "--output", "json")
                .done()
                .json();
        assertThat(state(down)).isEqualTo("stopped");
        assertThat(running.isAlive()).as("still there, or not buried").isFalse();
        assertThat(state(Cli.run("cluster", "down", "--data-dir", home, "--output", "json")
                        .done()
                        .json()))
                .isEqualTo("was not running");
        assertThat(Cli.run("wal", "verify", home, "--output", "json")
                        .done()
                        .json()
                        .get("ok")
                        .asBoolean())
                .isTrue();
    }

    @Test
    @DisplayName("fails no write of a load that asks again while a killed node is started, and keeps each once")
    void loadSurvivesAKill() throws Exception {
        up("--nodes", 1, "--base-port", 0);
        String server = "http://" + process().get("http").asText();
        Path acks = work.resolve("acks.ndjson");
        try (TidalProcess load = TidalProcess.start(
                        work.resolve("load.txt"),
                        "signal",
                        "load",
                        "--server",
                        server,
                        "--tenant",
                        1,
                        "--rate",
                        200,
                        "--duration",
                        "10s",
                        "--deadline",
                        "5m",
                        "--reads-every",
                        "50ms",
                        "--ack-log",
                        acks,
                        "--output",
                        "json");
                AckLogWatch watch = new AckLogWatch(acks)) {
            watch.await(100, load);
            ProcessHandle node = handle(process());
            node.destroyForcibly();
            node.onExit().join();
            assertThat(load.isAlive()).as(load.errors()).isTrue();
            assertThat(state(up())).isEqualTo("started");
            JsonNode report = Cli.parse(String.valueOf(load.line()));
            assertThat(load.exitCode()).as(load.errors()).isZero();
            assertThat(report.get("sent").asLong()).isEqualTo(2_000);
            assertThat(report.get("acked").asLong()).as(load.errors()).isEqualTo(2_000);
            assertThat(report.get("failed").asLong()).isZero();
            assertThat(report.get("reads_failed").asLong()).isZero();
            assertThat(report.get("availability").asDouble()).isEqualTo(1.0);
            // Longer than a process takes to start.
            assertThat(report.get("longest_write_gap_ms").asDouble()).isGreaterThan(100);
        }
        JsonNode verified = Cli.run("signal", "verify", "--server", server, "--ack-log", acks, "--output", "json")
                .done()
                .json();
        assertThat(verified.get("found").asLong()).isEqualTo(2_000);
        assertThat(verified.get("duplicated").asLong()).isZero();
        assertThat(Cli.run("signal", "export", "--server", server, "--tenant", 1)
                        .done()
                        .out()
                        .lines())
                .hasSize(2_000);
    }

    @Test
    @DisplayName("takes no process for its own that has only the number of one that was")
    void numberOfAnother() throws Exception {
        assertThat(state(up("--nodes", 1, "--base-port", 0, "--wal", "rocks"))).isEqualTo("started");
        ProcessHandle node = handle(process());
        String noted = Files.readString(home.resolve("n0.pid"));
        ProcessHandle me = ProcessHandle.current();
        Instant started = me.info().startInstant().orElseThrow();
        Files.writeString(home.resolve("n0.pid"), me.pid() + " " + started.minus(Duration.ofMinutes(1)) + "\n");
        JsonNode down = Cli.run("cluster", "down", "--data-dir", home, "--output", "json", "--force")
                .done()
                .json();
        assertThat(state(down)).isEqualTo("was not running");
        assertThat(node.isAlive()).isTrue();
        Files.writeString(home.resolve("n0.pid"), noted);
        assertThat(state(Cli.run("cluster", "down", "--data-dir", home, "--output", "json")
                        .done()
                        .json()))
                .isEqualTo("stopped");
    }

    @Test
    @DisplayName("that can't be started whole is not started at all, and says which node can't and why")
    void oneCantStart() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Below the ports that are handed out to others.
            int base = taken.getLocalPort() - 10;
            Ended up = tidal("cluster", "up", "--data-dir", home, "--nodes", 2, "--base-port", base);
            assertThat(up.code()).isEqualTo(1);
            assertThat(up.out()).isEmpty();
            assertThat(up.err())
                    .containsPattern("node n[01] ended with exit code 1")
                    .containsPattern("n[01]: .*\\([A-Z_]+\\)");
            for (Path file : Repository.files(home, ".pid")) {
                long pid = Long.parseLong(Files.readString(file).split(" ", 2)[0]);
                assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
            }
            assertThat(home.resolve("cluster.json")).doesNotExist();
        }
    }

    @Test
    @DisplayName("is made in a directory that is new or empty, of as many nodes as there may be")
    void refused() throws Exception {
        Path other = Files.createDirectories(work.resolve("other"));
        Files.writeString(other.resolve("letter.txt"), "mine");
        assertThat(Cli.run("cluster", "up", "--data-dir", other).ended(2).err()).contains("letter.txt", "empty");
        assertThat(Cli.run("cluster", "down", "--data-dir", other).ended(1).err())
                .contains("holds no cluster");
        assertThat(Cli.run("cluster", "status", "--data-dir", other).ended(1).err())
                .contains("holds no cluster");
        for (Object[] wrong : new Object[][] {
            {"--nodes", 0},
            {"--nodes", 17},
            {"--shards", 0},
            {"--base-port", 80},
            {"--base-port", 65_530},
            {"--wal", "paper"},
            {"--timeout", "soon"}
        }) {
            String err = Cli.run("cluster", "up", "--data-dir", home, wrong[0], wrong[1])
                    .ended(2)
                    .err();
            assertThat(err).contains(wrong[0].toString());
            assertThat(home).as("%s", List.of(wrong)).doesNotExist();
        }
        try (var left = Files.list(other)) {
            assertThat(left.map(file -> String.valueOf(file.getFileName())).collect(Collectors.toSet()))
                    .isSubsetOf("letter.txt", "cluster.lock");
        }
    }
}
