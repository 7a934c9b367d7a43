package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The tests share one cluster, and have tenants of their own in it. */
@DisplayName("Three nodes as processes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProcessClusterTest {

    private static final int NODES = 3;
    private static final int EVENTS_PER_SECOND = 100;

    /** Lines of the sample that are sent: in all of it there is nothing that is not in these. */
    private static final int SAMPLE_EVENTS = 12_000;

    private static final String SAMPLE =
            "tidal-server/src/main/resources/quickstart/houston-flights-2011-sample.csv.gz";

    private Path work;
    private ProcessCluster cluster;

    @BeforeAll
    void prepare(@TempDir Path directory) {
        work = directory;
        cluster = new ProcessCluster(work, NODES);
    }

    @BeforeEach
    void start() throws Exception {
        cluster.upUnlessRunning();
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

    /** Sends events to a tenant by way of one node, or whichever answers if that does not. */
    private Sending send(int through, int tenant) throws IOException {
        return Sending.start(
                work, String.valueOf(tenant), tenant, EVENTS_PER_SECOND, "--server", cluster.servers(through));
    }

    private void verify(Sending sent) throws InterruptedException {
        verify(sent.acks(), sent.finish().get("acked").asLong());
    }

    private void verify(Path acks, long events) {
        for (int node = 0; node < NODES; node++) {
            String server = cluster.server(node);
            String through = "through n" + node;
            // Leaders go back to the nodes that are preferred meanwhile, which ends an export that they are in the
            // middle of.
            Await.passes(() -> {
                JsonNode verified = Cli.run(
                                "signal", "verify", "--server", server, "--ack-log", acks, "--output", "json")
                        .done()
                        .json();
                assertThat(verified.get("acked").asLong()).isEqualTo(events);
                assertThat(verified.get("found").asLong()).as(through).isEqualTo(events);
                assertThat(verified.get("missing").asLong()).isZero();
                assertThat(verified.get("duplicated").asLong()).isZero();
            });
        }
    }

    @Test
    @DisplayName("lose nothing acknowledged and keep nothing twice when one is killed under load and started again")
    void killed() throws Exception {
        create(0, 1, "--shards", "r1:s1");
        create(2, 2, "--slots", 3, "--durability", "MAJORITY");
        try (Sending pinned = send(0, 1);
                Sending spread = send(2, 2)) {
            pinned.awaitMore(100);
            spread.awaitMore(100);
            cluster.kill(1);
            Cli.Answer ill = Cli.run(
                            "cluster",
                            "status",
                            "--server",
                            cluster.server(0),
                            "--wait-for",
                            "healthy",
                            "--timeout",
                            "1s")
                    .ended(1);
            assertThat(ill.err()).contains("not healthy", "node n1 is DOWN");
            pinned.awaitMore(100);
            spread.awaitMore(100);
            cluster.up();
            for (int node = 0; node < NODES; node++) {
                cluster.awaitHealthy(node);
            }
            pinned.awaitMore(100);
            spread.awaitMore(100);
            verify(pinned);
            verify(spread);
        }
    }

    @Test
    @DisplayName("R-52: restart one after the other under load without a failed write")
    void restartedInTurn() throws Exception {
        create(0, 3, "--shards", "r1:s1");
        create(2, 4, "--slots", 3, "--durability", "MAJORITY");
        try (Sending pinned = send(0, 3);
                Sending spread = send(2, 4)) {
            for (int node = 0; node < NODES; node++) {
                pinned.awaitMore(20);
                spread.awaitMore(20);
                ProcessHandle process = cluster.handle(node);
                cluster.signal(node, "TERM");
                process.onExit().join();
                spread.awaitMore(20);
                cluster.up();
                cluster.awaitHealthy(node);
            }
            verify(pinned);
            verify(spread);
        }
        Cli.run("cluster", "promote", "--server", cluster.server(2), "--tenant", 3, "--to", "r0:s1")
                .done();
        assertThat(Cli.run("tenant", "show", "--server", cluster.server(1), "--tenant", 3)
                        .done()
                        .out())
                .contains("r0:s1");
        assertThat(Cli.run("cluster", "promote", "--server", cluster.server(2), "--tenant", 3, "--to", "r0:s0")
                        .ended(2)
                        .err())
                .contains("expected another replica");
    }

    @Test
    @DisplayName(
            "F-53: practise the loss of a region under load: others take the writes, none fails, and all is as it was; the cluster's status says so, and what would be lost")
    void drill() throws Exception {
        create(0, 7, "--shards", "r1:s1");
        for (int node = 0; node < NODES; node++) {
            cluster.awaitHealthy(node);
        }
        try (Sending sent = send(0, 7)) {
            sent.awaitMore(100);
            JsonNode drill = Cli.run(
                            "cluster",
                            "drill",
                            "--server",
                            cluster.server(2),
                            "--tenant",
                            7,
                            "--lose-region",
                            "r1",
                            "--output",
                            "json")
                    .done()
                    .json();
            assertThat(drill.get("outcome").asText()).isEqualTo("DONE");
            assertThat(drill.get("slots_moved").asInt()).isEqualTo(1);
            assertThat(drill.get("rto_ms").asLong())
                    .isEqualTo(drill.get("lease_ms").asLong()
                            + drill.get("takeover_ms").asLong());
            System.out.println("drill: " + drill);
            Await.passes(() -> {
                JsonNode shown = tenant(0, 7);
                assertThat(shown.get("last_drill")).isEqualTo(drill);
                assertThat(shown.get("shards").toString()).isEqualTo("[\"r1:s1\"]");
                assertThat(shown.at("/recovery_point/region").asInt()).isEqualTo(1);
                assertThat(shown.at("/recovery_point/loses").asText()).isIn("NOTHING", "LATEST");
            });
            sent.awaitMore(100);
            verify(sent);
        }
        Cli.Answer refused =
                Cli.run("cluster", "drill", "--server", cluster.server(0), "--tenant", 7, "--lose-region", "r9");
        assertThat(refused.ended(2).err()).contains("region r9 has no node", "[r0, r1, r2]");
    }

    private JsonNode tenant(int asked, int tenant) {
        JsonNode status = Cli.run("cluster", "status", "--server", cluster.server(asked), "--output", "json")
                .done()
                .json();
        for (JsonNode each : status.get("tenants")) {
            if (each.get("tenant").asInt() == tenant) {
                return each;
            }
        }
        throw new AssertionError("tenant " + tenant + " is not in " + status);
    }

    @Test
    @DisplayName("lose nothing acknowledged when one stands still under load for longer than the others wait for it")
    void paused() throws Exception {
        create(0, 5, "--shards", "r0:s0", "--durability", "MAJORITY");
        create(1, 6, "--shards", "r2:s2");
        try (Sending others = send(1, 5);
                Sending own = send(0, 6)) {
            others.awaitMore(100);
            own.awaitMore(100);
            cluster.signal(2, "STOP");
            try {
                Await.passes(() -> assertThat(cluster.state(2, 0)).isEqualTo("DOWN"));
                others.awaitMore(200);
            } finally {
                cluster.signal(2, "CONT");
            }
            own.awaitMore(100);
            cluster.awaitHealthy(1);
            verify(others);
            verify(own);
        }
    }

    @Test
    @DisplayName("take the sample through any of them, and keep no byte of a tenant deleted while one was away")
    void imported() throws Exception {
        for (String type : List.of("arrived", "departed", "cancelled", "diverted")) {
            Cli.run("signal", "declare", "--server", cluster.server(2), type).done();
        }
        create(0, 11, "--label", "XE", "--shards", "r0:s0");
        create(0, 12, "--label", "CO", "--shards", "r2:s2", "--durability", "MAJORITY");
        create(0, 13, "--label", "WN", "--slots", 3);
        Path acks = work.resolve("acks.ndjson");
        Cli.run(
                        "signal",
                        "import",
                        "--server",
                        cluster.server(1),
                        "--map",
                        "tenant=tenant,signal=type,entity=item,ts=time",
                        "--ack-log",
                        acks,
                        sample())
                .done();
        verify(acks, SAMPLE_EVENTS);

        cluster.awaitHealthy(0);
        // Only Continental flew there.
        String route = "IAH-EWR";
        for (int node = 0; node < NODES; node++) {
            assertThat(holds(node, route)).as("n" + node).isTrue();
        }
        cluster.kill(2);
        Cli.run("tenant", "delete", "--server", cluster.server(1), "--tenant", 12, "--yes")
                .done();
        cluster.up();
        Cli.run("tenant", "show", "--server", cluster.server(2), "--tenant", 12).ended(1);
        List<ProcessHandle> running = cluster.handles();
        cluster.down();
        assertThat(running).noneMatch(ProcessHandle::isAlive);
        Cli.run("wal", "verify", cluster.home()).done();
        // Alone, it would decide for itself, and know no tenant.
        assertThat(Cli.run("tenant", "list", "--data-dir", cluster.data(0))
                        .ended(1)
                        .err())
                .contains("is of another kind", "DIRECTORY_MISMATCH", "--server URL");
        for (int node = 0; node < NODES; node++) {
            assertThat(holds(node, route)).as("n" + node).isFalse();
            assertThat(cluster.data(node).resolve("tenants/12")).doesNotExist();
            assertThat(cluster.data(node).resolve("tenants/11")).exists();
        }
        cluster.up();
        for (int node = 0; node < NODES; node++) {
            assertThat(Cli.run("tenant", "list", "--server", cluster.server(node), "--output", "json")
                            .done()
                            .out())
                    .contains("XE", "WN")
                    .doesNotContain("\"CO\"");
        }
    }

    private Path sample() throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(Repository.root().resolve(SAMPLE))),
                StandardCharsets.UTF_8))) {
            return Files.write(
                    work.resolve("sample.csv"),
                    lines.lines().limit(1 + SAMPLE_EVENTS).toList());
        }
    }

    private boolean holds(int node, String text) throws IOException {
        for (Path file : Trees.files(cluster.data(node))) {
            String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
            if (bytes.contains(text)) {
                return true;
            }
        }
        return false;
    }
}
