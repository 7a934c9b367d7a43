package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The tests share one cluster; the one that finalizes it comes last. */
@DisplayName("R-70: A rolling upgrade of three processes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class UpgradeProcessTest {

    private static final int NODES = 3;

    /** Signals a second, to each of two tenants. */
    private static final int RATE = Integer.getInteger("tidal.upgrade.rate", 60);

    /** The tenant that is moved and backed up while versions are mixed. */
    private static final int MOVED = 3;

    private Path work;
    private ProcessCluster cluster;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        work = directory;
        cluster = new ProcessCluster(work, NODES);
        cluster.up();
        create(0, 1, "--shards", "r1:s1");
        create(2, 2, "--slots", 3, "--durability", "MAJORITY");
        create(1, MOVED, "--shards", "r0:s0");
        Cli.run("signal", "record", "--server", cluster.server(1), "--tenant", MOVED, "--signal", "view", "--entity", 1)
                .done();
    }

    @AfterAll
    void stop() throws IOException {
        cluster.close();
    }

    private void create(int through, int tenant, Object... more) {
        List<Object> words =
                new ArrayList<>(List.of("tenant", "create", "--server", cluster.server(through), "--tenant", tenant));
        words.addAll(List.of(more));
        Cli.run(words.toArray()).done();
    }

    private Sending send(int through, int tenant) throws IOException {
        return Sending.start(
                work,
                String.valueOf(tenant),
                tenant,
                RATE,
                "--server",
                cluster.servers(through),
                "--reads-every",
                "10ms");
    }

    private int ready(int node) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(cluster.server(node) + "/readyz"))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private JsonNode status(int seenBy, int node) {
        return Cli.run("upgrade", "status", "--server", cluster.server(seenBy), "--output", "json")
                .done()
                .json()
                .at("/nodes/" + node);
    }

    private String upgrade(String verb, int node, Object... more) {
        List<Object> words = new ArrayList<>(List.of(
                "upgrade", verb, "n" + node, "--server", cluster.servers((node + 1) % NODES), "--output", "json"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray()).done().json().path("state").asText();
    }

    /** Returns the object that a command prints. */
    private static String result(TidalProcess process) {
        String line = process.line();
        while (line != null && !line.startsWith("{")) {
            line = process.line();
        }
        return String.valueOf(line);
    }

    private interface Start {

        void run() throws InterruptedException;
    }

    /** Drains a node, replaces its process and brings it back. */
    private void replace(int node, Start start, String version) throws Exception {
        int other = (node + 1) % NODES;
        assertThat(upgrade("drain", node, "--wait")).isEqualTo("DRAINED");
        assertThat(ready(node)).isEqualTo(503);
        assertThat(Cli.run("upgrade", "drain", "n" + other, "--server", cluster.server(other))
                        .ended(3)
                        .err())
                .contains("n" + node + " is DRAINED");
        stopProcess(node);
        Await.passes(
                () -> assertThat(status(other, node).path("advice").asText()).contains("start node"));
        start.run();
        assertThat(ready(node)).isEqualTo(503);
        assertThat(upgrade("rejoin", node, "--wait")).isEqualTo("SERVING");
        assertThat(ready(node)).isEqualTo(200);
        assertThat(status(other, node).path("version").asText()).isEqualTo(version);
    }

    private void stopProcess(int node) throws Exception {
        ProcessHandle process = cluster.handle(node);
        cluster.signal(node, "TERM");
        process.onExit().join();
    }

    /** Has every node look at its own files. */
    private Cli.Answer check(int first) {
        return Cli.run(
                "upgrade", "check", "--downgrade-to", "0.1", "--server", cluster.servers(first), "--output", "json");
    }

    /** What keeps tenants safe is not suspended: one is moved there or back, and backed up. */
    private void worksWhileMixed(int round) throws IOException {
        String from = round % 2 == 0 ? "r0:s0" : "r2:s2";
        String to = round % 2 == 0 ? "r2:s2" : "r0:s0";
        JsonNode moved = Cli.run(
                        "migrate",
                        "start",
                        "--server",
                        cluster.servers(round),
                        "--tenant",
                        MOVED,
                        "--from",
                        from,
                        "--to",
                        to,
                        "--hold",
                        "0s",
                        "--wait",
                        "--output",
                        "json")
                .done()
                .json();
        assertThat(moved.path("state").asText()).isEqualTo("COMPLETE");
        Path backup = work.resolve("backup-" + round);
        Cli.run("tenant", "backup", MOVED, "--server", cluster.servers(round), "--to", backup)
                .done();
        assertThat(Trees.files(backup)).isNotEmpty();
    }

    @Test
    @DisplayName(
            "R-71 F-33: each is replaced by the next version under load, one goes back, and forward again: no write and no read"
                    + " fails, nothing is missing, tenants are moved and backed up meanwhile; once it is finalized, the older version is refused with both named")
    @Order(2)
    void mixedVersions() throws Exception {
        List<Path> acks = new ArrayList<>();
        try (Sending pinned = send(0, 1);
                Sending spread = send(2, 2)) {
            for (int node = 0; node < NODES; node++) {
                pinned.awaitMore(RATE);
                spread.awaitMore(RATE);
                replace(node, cluster::upNext, "0.2.0");
                worksWhileMixed(node);
            }
            assertThat(check(0).done().out()).contains("\"possible\":true", "\"unasked\":[]");
            replace(2, cluster::up, "0.1.0");
            assertThat(Cli.run("upgrade", "finalize", "--server", cluster.server(0))
                            .ended(3)
                            .err())
                    .contains("node n2 runs version 0.1.0", "0.2");
            replace(2, cluster::upNext, "0.2.0");
            Cli.run("upgrade", "finalize", "--server", cluster.server(1)).done();
            assertThat(check(2).ended(3).out()).contains("\"possible\":false", "control/");
            for (Sending each : List.of(pinned, spread)) {
                JsonNode report = each.finish();
                assertThat(report.path("failed").asLong()).isZero();
                assertThat(report.path("reads").asLong()).isPositive();
                assertThat(report.path("reads_failed").asLong()).isZero();
                assertThat(report.path("availability").asDouble()).isEqualTo(1.0);
                acks.add(each.acks());
            }
        }
        stopProcess(2);
        assertThat(cluster.upFails()).contains("0.1.0", "finalized at version 0.2");
        cluster.upNext();
        try (TidalProcess check = TidalProcess.startNext(
                work.resolve("check.txt"),
                "upgrade",
                "check",
                "--downgrade-to",
                "0.1",
                "--data-dir",
                cluster.home(),
                "--output",
                "json")) {
            assertThat(result(check)).contains("\"possible\":false", "/control/");
            assertThat(check.exitCode()).isEqualTo(3);
        }
        for (Path each : acks) {
            JsonNode verified = Cli.run(
                            "signal", "verify", "--server", cluster.servers(1), "--ack-log", each, "--output", "json")
                    .done()
                    .json();
            assertThat(verified.path("missing").asLong()).isZero();
            assertThat(verified.path("duplicated").asLong()).isZero();
        }
    }

    @Test
    @DisplayName(
            "one that is killed while it is drained goes on when it is started again; until then the others say so")
    @Order(1)
    void killed() throws Exception {
        assertThat(upgrade("drain", 1)).isIn("DRAINING", "DRAINED");
        cluster.kill(1);
        Await.passes(() -> assertThat(status(0, 1).path("advice").asText()).contains("start"));
        Await.passes(() -> assertThat(cluster.state(1, 0)).isEqualTo("DOWN"));
        cluster.up();
        Await.passes(() -> assertThat(status(0, 1).path("state").asText()).isEqualTo("DRAINED"));
        assertThat(upgrade("rejoin", 1, "--wait")).isEqualTo("SERVING");
    }
}
