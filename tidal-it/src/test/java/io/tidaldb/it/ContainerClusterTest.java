package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
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

    /** Sends to any node that answers, until it is ended. */
    private Sending sending() throws Exception {
        Sending sending = Sending.start(
                work, String.valueOf(loads++), 7, EVENTS_PER_SECOND, cluster.asking(cluster.servers("n1")));
        sending.awaitMore(1);
        return sending;
    }

    /** Ends what was sent meanwhile: what was acknowledged is there once, whoever is asked. Returns what it says. */
    private JsonNode lostNothing(Sending sending) throws Exception {
        sending.awaitMore(EVENTS_PER_SECOND);
        JsonNode report = sending.finish();
        cluster.awaitHealthy();
        for (String node : cluster.nodes()) {
            // Leaders go back to the nodes that are preferred meanwhile, which ends an export that they are in the
            // middle of.
            Await.passes(
                    () -> Cli.run(cluster.asking(cluster.server(node), "signal", "verify", "--ack-log", sending.acks()))
                            .done());
        }
        return report;
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
            cluster.awaitContent(node);
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
        try (Sending sending = sending()) {
            engine.run("kill", "-s", "KILL", cluster.container("n1"));
            awaitState("n1", "DOWN", "n0", "n2");
            engine.run("start", cluster.container("n1"));
            lostNothing(sending);
        }
    }

    @Test
    @DisplayName(
            "R-70 fail no write when one after the other is stopped in order and replaced by the next version's image, at which"
                    + " the cluster is finalized then")
    void rolling() throws Exception {
        String next = engine.nextImage(cluster.image());
        try (Sending sending = sending()) {
            for (String node : cluster.nodes()) {
                assertThat(cluster.replace(node, next))
                        .as("exit code of %s, which drains on SIGTERM", node)
                        .isEqualTo("0");
                cluster.awaitHealthy();
            }
            JsonNode status = Cli.run(cluster.asking(cluster.servers("n0"), "upgrade", "status", "--output", "json"))
                    .done()
                    .json();
            assertThat(status.get("cluster_version").asText()).isEqualTo("0.1");
            assertThat(status.get("nodes"))
                    .allMatch(each -> each.get("version").asText().equals("0.2.0"));
            Cli.run(cluster.asking(cluster.servers("n0"), "upgrade", "finalize"))
                    .done();
            assertThat(lostNothing(sending).get("failed").asLong()).isZero();
        }
    }

    @Test
    @DisplayName("R-30 lose nothing when one stands still for longer than the others wait")
    void paused() throws Exception {
        try (Sending sending = sending()) {
            engine.pause(cluster.container("n2"));
            awaitState("n2", "DOWN", "n0", "n1");
            engine.run("unpause", cluster.container("n2"));
            lostNothing(sending);
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
        try (Sending sending = sending()) {
            chains.forEach(chain -> rule(node, "-A", chain));
            awaitState(node, "DOWN", others);
            awaitState(others[0], "DOWN", node);
            chains.forEach(chain -> rule(node, "-D", chain));
            lostNothing(sending);
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
