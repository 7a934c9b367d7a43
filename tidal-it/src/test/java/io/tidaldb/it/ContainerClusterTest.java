package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The three nodes of {@code compose.yaml} in containers, with everything that can happen to one of them while clients write. */
@Tag("container")
@DisplayName("R-30 three containers")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContainerClusterTest {

    private static final int EVENTS_PER_SECOND = 100;
    private static final int EVENTS_AT_A_TIME = 10_000;
    private static final String PEER_PORT = "7401";

    private Path work;
    private ContainerEngine engine;
    private ComposedCluster cluster;
    private int loads;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        work = directory;
        engine = ContainerEngine.open();
        cluster = new ComposedCluster(engine, work);
        cluster.awaitHealthy();
        Await.passes(() -> {
            Cli.Answer created = Cli.run(cluster.asking(
                    cluster.server("n0"), "tenant", "create", "--tenant", 7, "--slots", 3, "--durability", "MAJORITY"));
            assertThat(created.code() == 0 || created.err().contains("TENANT_EXISTS"))
                    .as(created.err())
                    .isTrue();
        });
    }

    @AfterAll
    void stop() {
        if (engine != null) {
            engine.close();
        }
    }

    @BeforeEach
    void healthy() {
        cluster.awaitHealthy();
    }

    /** What is sent meanwhile, to any node that answers; the deadline is longer than anything here. */
    private final class Writing implements AutoCloseable {

        private final Path acks = work.resolve("acks-" + loads + ".ndjson");
        private final TidalProcess process;

        Writing(int seconds) {
            Path err = work.resolve("load-" + loads++ + ".txt");
            process = TidalProcess.start(
                    err,
                    cluster.asking(
                            cluster.servers("n1"),
                            "signal",
                            "load",
                            "--tenant",
                            7,
                            "--rate",
                            EVENTS_PER_SECOND,
                            "--duration",
                            seconds + "s",
                            "--deadline",
                            "3m",
                            "--ack-log",
                            acks,
                            "--output",
                            "json"));
            Await.until(() -> acks.toFile().length() > 0);
        }

        /** Waits for its end: what was acknowledged is there once, whoever is asked. Returns what it says. */
        JsonNode lostNothing() throws Exception {
            String line = String.valueOf(process.line());
            while (!line.startsWith("{") && !line.equals("null")) {
                line = String.valueOf(process.line());
            }
            assertThat(process.exitCode()).as("%s%n%s", line, process.errors()).isZero();
            JsonNode report = Cli.parse(line);
            assertThat(report.get("acked").asLong()).as(line).isPositive();
            cluster.awaitHealthy();
            for (String node : cluster.nodes()) {
                // Leaders go back to the nodes that are preferred meanwhile, which ends an export that they were in the
                // middle of.
                Await.passes(() -> Cli.run(cluster.asking(cluster.server(node), "signal", "verify", "--ack-log", acks))
                        .done());
            }
            return report;
        }

        @Override
        public void close() throws InterruptedException {
            process.close();
        }
    }

    private void awaitState(String node, String state, String... seenBy) {
        for (String other : seenBy) {
            Await.passes(() -> assertThat(cluster.state(node, other)).isEqualTo(state));
        }
    }

    @Test
    @DisplayName("run as nobody in particular, may write to their data alone, and are healthy by their own check")
    void restricted() {
        for (String node : cluster.nodes()) {
            String container = cluster.container(node);
            assertThat(engine.inspect(container, "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}"))
                    .isEqualTo("10001:10001 true");
            assertThat(FaultTools.run("cat", "/proc/" + engine.inspect(container, "{{.State.Pid}}") + "/status"))
                    .containsPattern("CapEff:\\s+0000000000000000")
                    .containsPattern("Uid:\\s+10001\\s");
        }
        assertThat(Cli.run("cluster", "status", "--server", cluster.server("n0"))
                        .err())
                .as("without the authority and a token")
                .isNotBlank();
    }

    @Test
    @DisplayName("R-30 lose nothing when one is killed")
    void killed() throws Exception {
        try (Writing writing = new Writing(12)) {
            engine.run("kill", "-s", "KILL", cluster.container("n1"));
            awaitState("n1", "DOWN", "n0", "n2");
            engine.run("start", cluster.container("n1"));
            writing.lostNothing();
        }
    }

    @Test
    @DisplayName("fail no write when one after the other is stopped in order and started again")
    void rolling() throws Exception {
        try (Writing writing = new Writing(20)) {
            for (String node : cluster.nodes()) {
                engine.run("stop", "-t", "60", cluster.container(node));
                assertThat(engine.inspect(cluster.container(node), "{{.State.ExitCode}}"))
                        .as("exit code of %s, which drains on SIGTERM", node)
                        .isEqualTo("0");
                engine.run("start", cluster.container(node));
                cluster.awaitHealthy();
            }
            assertThat(writing.lostNothing().get("failed").asLong()).isZero();
        }
    }

    @Test
    @DisplayName("R-30 lose nothing when one stands still for longer than the others wait")
    void paused() throws Exception {
        try (Writing writing = new Writing(12)) {
            engine.run("pause", cluster.container("n2"));
            awaitState("n2", "DOWN", "n0", "n1");
            engine.run("unpause", cluster.container("n2"));
            writing.lostNothing();
        }
    }

    @Test
    @DisplayName("R-30 lose nothing when one is cut off from the others, which go on, and says that it is")
    void cutInBothDirections() throws Exception {
        cut("n0", List.of("INPUT", "OUTPUT"));
    }

    @Test
    @DisplayName("R-30 lose nothing when one hears of nobody while it is heard")
    void cutInOneDirection() throws Exception {
        cut("n2", List.of("INPUT"));
    }

    private void cut(String node, List<String> chains) throws Exception {
        String[] others =
                cluster.nodes().stream().filter(each -> !each.equals(node)).toArray(String[]::new);
        try (Writing writing = new Writing(15)) {
            chains.forEach(chain -> rule(node, "-A", chain));
            awaitState(node, "DOWN", others);
            awaitState(others[0], "DOWN", node);
            chains.forEach(chain -> rule(node, "-D", chain));
            writing.lostNothing();
        }
    }

    /** Between nodes only: clients still reach each. */
    private void rule(String node, String what, String chain) {
        engine.inNetworkOf(
                cluster.container(node),
                "iptables",
                what,
                chain,
                "-p",
                "tcp",
                "-m",
                "multiport",
                "--ports",
                PEER_PORT,
                "-j",
                "DROP");
    }

    @Test
    @DisplayName("refuse what does not fit on a small disk, keep what they acknowledged, and go on when there is room")
    void smallDisk() throws Exception {
        Path data = Files.createDirectories(work.resolve("small"));
        try (FaultTools tools = new FaultTools()) {
            FaultTools.need("mount", "-t", "tmpfs", "-o", "size=6m,uid=10001,mode=700", "none", data.toString());
            tools.undoBy("umount", "-l", data.toString());
            Path configuration = Files.writeString(
                    work.resolve("small.yaml"),
                    "data_dir: /data\nhttp: {listen: \"0.0.0.0:7400\", tls: {keystore: /etc/tidal/secrets/n0.p12,"
                            + " password_file: /etc/tidal/secrets/password}}\nauth: {tokens: /etc/tidal/secrets/tokens.json}\n"
                            + "wal: {segment_bytes: 1MiB}\nsignals: [{name: view, half_life: 7d}]\n");
            String server = cluster.startAlone("small", configuration, data);
            Await.passes(() -> assertThat(Cli.run(cluster.asking(server, "tenant", "create", "--tenant", 1))
                            .code())
                    .isZero());
            Path acks = work.resolve("acks-small.ndjson");
            Path events = events();
            Cli.Answer answer = importing(server, events, acks);
            for (int tries = 1; answer.code() == 0 && tries < 50; tries++) {
                answer = importing(server, events, acks);
            }
            assertThat(answer.err()).contains("STORAGE_FULL");
            Cli.run(cluster.asking(server, "signal", "verify", "--ack-log", acks))
                    .done();
            FaultTools.run("mount", "-o", "remount,size=64m", data.toString());
            Await.passes(() -> importing(server, events, acks).done());
            Cli.run(cluster.asking(server, "signal", "verify", "--ack-log", acks))
                    .done();
            engine.run("rm", "-f", cluster.container("small"));
        }
    }

    private Path events() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int entity = 0; entity < EVENTS_AT_A_TIME; entity++) {
            lines.append("{\"tenant\":\"1\",\"signal\":\"view\",\"entity\":\"")
                    .append(entity)
                    .append("\",\"ts\":\"2026-01-01T00:00:00Z\"}\n");
        }
        return Files.writeString(work.resolve("events.ndjson"), lines.toString());
    }

    private Cli.Answer importing(String server, Path events, Path acks) {
        return Cli.run(cluster.asking(server, "signal", "import", "--ack-log", acks, events));
    }
}
