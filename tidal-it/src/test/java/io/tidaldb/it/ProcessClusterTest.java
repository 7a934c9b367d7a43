package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Three nodes as processes")
class ProcessClusterTest {

    private static final int NODES = 3;
    private static final int EVENTS = 1_500;
    private static final int ROLLING_EVENTS = 3_600;
    private static final int SAMPLE_EVENTS = 50_714;
    private static final String SAMPLE =
            "tidal-server/src/main/resources/quickstart/houston-flights-2011-sample.csv.gz";

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

    private void create(int through, int tenant, Object... more) {
        List<Object> words =
                new ArrayList<>(List.of("tenant", "create", "--server", cluster.server(through), "--tenant", tenant));
        words.addAll(List.of(more));
        Cli.run(words.toArray()).done();
    }

    private Sending send(int through, int tenant) throws IOException {
        return send(through, tenant, EVENTS, EVENTS / 10);
    }

    /** Sends events to a tenant by way of one node, or whichever answers if that does not. */
    private Sending send(int through, int tenant, int events, int perSecond) throws IOException {
        Path acks = work.resolve("acks-" + tenant + ".ndjson");
        TidalProcess process = TidalProcess.start(
                work.resolve("load-" + tenant + ".txt"),
                "signal",
                "load",
                "--server",
                cluster.servers(through),
                "--tenant",
                tenant,
                "--rate",
                perSecond,
                "--duration",
                events / perSecond + "s",
                "--deadline",
                "5m",
                "--ack-log",
                acks,
                "--output",
                "json");
        return new Sending(process, acks, new AckLogWatch(acks), events);
    }

    private record Sending(TidalProcess process, Path acks, AckLogWatch watch, int events) implements AutoCloseable {

        /** Waits until so many more events are acknowledged. */
        void awaitMore(int events) throws IOException, InterruptedException {
            watch.await(watch.count() + events, process);
            assertThat(process.isAlive()).as(process.errors()).isTrue();
        }

        /** Waits for its end, at which everything must have been acknowledged. */
        void finish() throws InterruptedException {
            JsonNode report = Cli.parse(String.valueOf(process.line()));
            assertThat(process.exitCode()).as(process.errors()).isZero();
            assertThat(report.get("sent").asLong()).isEqualTo(events);
            assertThat(report.get("acked").asLong()).as(process.errors()).isEqualTo(events);
        }

        @Override
        public void close() throws IOException, InterruptedException {
            process.close();
            watch.close();
        }
    }

    private void verify(Path acks, long events) {
        for (int node = 0; node < NODES; node++) {
            JsonNode verified = Cli.run(
                            "signal", "verify", "--server", cluster.server(node), "--ack-log", acks, "--output", "json")
                    .done()
                    .json();
            assertThat(verified.get("acked").asLong()).isEqualTo(events);
            assertThat(verified.get("found").asLong()).as("through n" + node).isEqualTo(events);
            assertThat(verified.get("missing").asLong()).isZero();
            assertThat(verified.get("duplicated").asLong()).isZero();
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
            cluster.up();
            pinned.finish();
            spread.finish();
            for (int node = 0; node < NODES; node++) {
                cluster.awaitHealthy(node);
            }
            verify(pinned.acks(), EVENTS);
            verify(spread.acks(), EVENTS);
        }
        List<ProcessHandle> running = cluster.handles();
        cluster.down();
        assertThat(running).noneMatch(ProcessHandle::isAlive);
        Cli.run("wal", "verify", cluster.home()).done();
        // Alone, it would decide for itself, and know no tenant.
        assertThat(Cli.run("tenant", "list", "--data-dir", cluster.data(0))
                        .ended(1)
                        .err())
                .contains("is of another kind", "DIRECTORY_MISMATCH", "--server URL");
    }

    @Test
    @DisplayName("R-52: restart one after the other under load without a failed write")
    void restartedInTurn() throws Exception {
        create(0, 1, "--shards", "r1:s1");
        create(2, 2, "--slots", 3, "--durability", "MAJORITY");
        try (Sending pinned = send(0, 1, ROLLING_EVENTS, ROLLING_EVENTS / 60);
                Sending spread = send(2, 2, ROLLING_EVENTS, ROLLING_EVENTS / 60)) {
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
            pinned.finish();
            spread.finish();
            verify(pinned.acks(), ROLLING_EVENTS);
            verify(spread.acks(), ROLLING_EVENTS);
        }
        Cli.run("cluster", "promote", "--server", cluster.server(2), "--tenant", 1, "--to", "r0:s1")
                .done();
        assertThat(Cli.run("tenant", "show", "--server", cluster.server(1), "--tenant", 1)
                        .done()
                        .out())
                .contains("r0:s1");
        assertThat(Cli.run("cluster", "promote", "--server", cluster.server(2), "--tenant", 1, "--to", "r0:s0")
                        .ended(2)
                        .err())
                .contains("expected another replica");
    }

    @Test
    @DisplayName("lose nothing acknowledged when one stands still under load for longer than the others wait for it")
    void paused() throws Exception {
        create(0, 1, "--shards", "r0:s0", "--durability", "MAJORITY");
        create(1, 2, "--shards", "r2:s2");
        try (Sending others = send(1, 1);
                Sending own = send(0, 2)) {
            others.awaitMore(100);
            own.awaitMore(100);
            cluster.signal(2, "STOP");
            Await.passes(() -> assertThat(cluster.state(2, 0)).isEqualTo("DOWN"));
            others.awaitMore(200);
            cluster.signal(2, "CONT");
            others.finish();
            own.finish();
            cluster.awaitHealthy(1);
            verify(others.acks(), EVENTS);
            verify(own.acks(), EVENTS);
        }
    }

    @Test
    @DisplayName("take the sample through any of them, and keep no byte of a tenant deleted while one was away")
    void imported() throws Exception {
        for (String type : List.of("arrived", "departed", "cancelled", "diverted")) {
            Cli.run("signal", "declare", "--server", cluster.server(2), type).done();
        }
        create(0, 1, "--label", "XE", "--shards", "r0:s0");
        create(0, 2, "--label", "CO", "--shards", "r2:s2", "--durability", "MAJORITY");
        create(0, 3, "--label", "WN", "--slots", 3);
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
                        Repository.root().resolve(SAMPLE))
                .done();
        verify(acks, SAMPLE_EVENTS);

        cluster.awaitHealthy(0);
        // Only Continental flew there.
        String route = "IAH-EWR";
        for (int node = 0; node < NODES; node++) {
            assertThat(holds(node, route)).as("n" + node).isTrue();
        }
        cluster.kill(2);
        Cli.run("tenant", "delete", "--server", cluster.server(1), "--tenant", 2, "--yes")
                .done();
        cluster.up();
        Cli.run("tenant", "show", "--server", cluster.server(2), "--tenant", 2).ended(1);
        cluster.down();
        for (int node = 0; node < NODES; node++) {
            assertThat(holds(node, route)).as("n" + node).isFalse();
            assertThat(cluster.data(node).resolve("tenants/2")).doesNotExist();
            assertThat(cluster.data(node).resolve("tenants/1")).exists();
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
