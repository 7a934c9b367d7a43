package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Processes whose links are cut")
class PartitionProcessTest {

    private static final int NODES = 3;
    private static final int TENANT = 7;
    private static final int SECONDS = Integer.getInteger("tidal.partition.seconds", 1);
    private static final int RATE = Integer.getInteger("tidal.partition.rate", 200);
    private static final long EVENTS = (SECONDS + 1L) * RATE;
    private static final String KEY = "0fd0a8a1-6f3b-4b9e-9d1f-7c2f4a9b6e01";

    @TempDir
    Path work;

    private ProcessCluster cluster;

    @BeforeEach
    void start() throws Exception {
        cluster = ProcessCluster.takingFaults(work, NODES);
        cluster.up();
    }

    @AfterEach
    void stop() throws IOException {
        cluster.close();
    }

    private CompletableFuture<JsonNode> load(int node, Path acks) {
        return CompletableFuture.supplyAsync(() -> Cli.run(
                        "signal",
                        "load",
                        "--server",
                        cluster.server(node),
                        "--tenant",
                        TENANT,
                        "--rate",
                        RATE,
                        "--duration",
                        SECONDS + 1 + "s",
                        "--deadline",
                        "5m",
                        "--ack-log",
                        acks,
                        "--output",
                        "json")
                .done()
                .json());
    }

    private JsonNode reconcile(int node, Object... more) {
        Object[] words = {
            "cluster", "reconcile", "--server", cluster.server(node), "--tenant", TENANT, "--output", "json"
        };
        Object[] all = new Object[words.length + more.length];
        System.arraycopy(words, 0, all, 0, words.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return Cli.run(all).done().json();
    }

    private JsonNode partition(String span) {
        return Cli.run(
                        "debug",
                        "partition",
                        "--server",
                        cluster.servers(0),
                        "--from",
                        "r0",
                        "--to",
                        "r1,r2",
                        "--for",
                        span,
                        "--output",
                        "json")
                .done()
                .json();
    }

    private void once(int node) {
        Cli.run(
                        "signal",
                        "record",
                        "--server",
                        cluster.server(node),
                        "--tenant",
                        TENANT,
                        "--signal",
                        "view",
                        "--entity",
                        5_000_000,
                        "--idempotency-key",
                        KEY)
                .done();
    }

    private long likes(int node) {
        return Cli.run(
                        "query",
                        "count",
                        "--server",
                        cluster.server(node),
                        "--tenant",
                        TENANT,
                        "--signal",
                        "view",
                        "--entity",
                        5_000_000,
                        "--output",
                        "json")
                .done()
                .json()
                .get("count")
                .asLong();
    }

    @Test
    @DisplayName(
            "R-42, R-81: go on to write on both sides, hold the same bits when they meet, lack nothing that was acknowledged and have nothing twice")
    void bothSides() throws Exception {
        Cli.run("tenant", "create", "--server", cluster.server(0), "--tenant", TENANT, "--writes", "everywhere")
                .done();
        Path[] acks = {work.resolve("acks-0.ndjson"), work.resolve("acks-1.ndjson")};
        CompletableFuture<JsonNode> here = load(0, acks[0]);
        CompletableFuture<JsonNode> there = load(1, acks[1]);
        long cutAt = System.nanoTime();
        JsonNode cut = partition("10m");
        assertThat(cut.at("/nodes/0/cut")).hasSize(2);
        assertThat(cut.at("/nodes/1/cut")).hasSize(1);
        once(0);
        once(1);
        JsonNode meanwhile = reconcile(0, "--dry-run");
        assertThat(meanwhile.get("done").asBoolean()).isFalse();
        assertThat(meanwhile.at("/replicas/1/problem").asText()).contains("can't be reached");
        assertThat(likes(0)).isEqualTo(1);
        // How long it lasts is what is asked for.
        LockSupport.parkNanos(Math.max(0, SECONDS * 1_000_000_000L - (System.nanoTime() - cutAt)));
        double lasted = (System.nanoTime() - cutAt) / 1e9;
        partition("0s");
        long healedAt = System.nanoTime();
        for (CompletableFuture<JsonNode> load : List.of(here, there)) {
            JsonNode report = load.join();
            assertThat(report.get("acked").asLong()).isEqualTo(EVENTS);
            assertThat(report.get("failed").asLong()).isZero();
        }
        JsonNode done = reconcile(2, "--timeout", "2m");
        double equal = (System.nanoTime() - healedAt) / 1e9;
        assertThat(done.get("done").asBoolean()).isTrue();
        assertThat(done.findValuesAsText("digest"))
                .hasSizeGreaterThanOrEqualTo(NODES)
                .allMatch(digest -> digest.matches("[0-9a-f]{32}"));
        for (int node = 0; node < NODES; node++) {
            assertThat(likes(node)).as("the key, through n" + node).isEqualTo(1);
            for (Path log : acks) {
                JsonNode verified = Cli.run(
                                "signal",
                                "verify",
                                "--server",
                                cluster.server(node),
                                "--ack-log",
                                log,
                                "--output",
                                "json")
                        .done()
                        .json();
                assertThat(verified.get("found").asLong()).isEqualTo(EVENTS);
                assertThat(verified.get("missing").asLong()).isZero();
                assertThat(verified.get("duplicated").asLong()).isZero();
            }
        }
        System.out.printf(
                "partition: cut for %.1f s at 2 x %d writes/s; identical digests %.1f s after it ended, the load's rest"
                        + " included; 0 missing, 0 duplicated%n",
                lasted, RATE, equal);
    }
}
