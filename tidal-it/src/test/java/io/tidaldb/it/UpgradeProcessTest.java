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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("R-70: A rolling upgrade of three processes")
class UpgradeProcessTest {

    private static final int NODES = 3;
    private static final int SECONDS = 60;
    private static final int PER_SECOND = 60;

    @TempDir
    Path work;

    private ProcessCluster cluster;

    @BeforeEach
    void start() throws Exception {
        cluster = new ProcessCluster(work, NODES);
        cluster.up();
    }

    @AfterEach
    void stop() throws IOException {
        cluster.close();
    }

    private TidalProcess load(int through, int tenant, Path acks) {
        return TidalProcess.start(
                work.resolve("load-" + tenant + ".txt"),
                "signal",
                "load",
                "--server",
                cluster.servers(through),
                "--tenant",
                tenant,
                "--rate",
                PER_SECOND,
                "--duration",
                SECONDS + "s",
                "--deadline",
                "5m",
                "--reads-every",
                "10ms",
                "--ack-log",
                acks,
                "--output",
                "json");
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
        assertThat(upgrade("drain", node)).isEqualTo("DRAINED");
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
        assertThat(upgrade("rejoin", node)).isEqualTo("SERVING");
        assertThat(ready(node)).isEqualTo(200);
        assertThat(status(other, node).path("version").asText()).isEqualTo(version);
    }

    private void stopProcess(int node) throws Exception {
        ProcessHandle process = cluster.handle(node);
        cluster.signal(node, "TERM");
        process.onExit().join();
    }

    @Test
    @DisplayName(
            "R-71: each is replaced by the next version under load, one goes back, and forward again: no write and no read fails,"
                    + " nothing is missing; once it is finalized, the older version is refused with both named")
    void mixedVersions() throws Exception {
        Cli.run("tenant", "create", "--server", cluster.server(0), "--tenant", 1, "--shards", "r1:s1")
                .done();
        Cli.run(
                        "tenant",
                        "create",
                        "--server",
                        cluster.server(2),
                        "--tenant",
                        2,
                        "--slots",
                        3,
                        "--durability",
                        "MAJORITY")
                .done();
        List<Path> acks = List.of(work.resolve("acks-1.ndjson"), work.resolve("acks-2.ndjson"));
        try (TidalProcess pinned = load(0, 1, acks.get(0));
                TidalProcess spread = load(2, 2, acks.get(1))) {
            for (int node = 0; node < NODES; node++) {
                replace(node, cluster::upNext, "0.2.0");
            }
            replace(2, cluster::up, "0.1.0");
            assertThat(Cli.run("upgrade", "finalize", "--server", cluster.server(0))
                            .ended(3)
                            .err())
                    .contains("node n2 runs version 0.1.0", "0.2");
            replace(2, cluster::upNext, "0.2.0");
            Cli.run("upgrade", "finalize", "--server", cluster.server(1)).done();
            for (TidalProcess each : List.of(pinned, spread)) {
                JsonNode report = Cli.parse(result(each));
                assertThat(each.exitCode()).as(each.errors()).isZero();
                assertThat(report.path("acked").asLong()).isEqualTo((long) SECONDS * PER_SECOND);
                assertThat(report.path("failed").asLong()).isZero();
                assertThat(report.path("reads_failed").asLong()).isZero();
                assertThat(report.path("availability").asDouble()).isEqualTo(1.0);
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
    void killed() throws Exception {
        Cli.run("tenant", "create", "--server", cluster.server(0), "--tenant", 1, "--shards", "r1:s1")
                .done();
        assertThat(upgrade("drain", 1, "--no-wait")).isIn("DRAINING", "DRAINED");
        cluster.kill(1);
        Await.passes(() -> assertThat(status(0, 1).path("advice").asText()).contains("start"));
        Await.passes(() -> assertThat(cluster.state(1, 0)).isEqualTo("DOWN"));
        cluster.up();
        Await.passes(() -> assertThat(status(0, 1).path("state").asText()).isEqualTo("DRAINED"));
        assertThat(upgrade("rejoin", 1)).isEqualTo("SERVING");
    }
}
