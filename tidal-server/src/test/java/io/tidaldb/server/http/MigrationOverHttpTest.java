package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Migrations, with commands and over HTTP")
class MigrationOverHttpTest {

    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final int WRITES = 30;
    private static final int PER_WRITE = 100;

    private TestServer server;

    @BeforeEach
    void start(@TempDir Path directory) {
        server = TestServer.start(directory, Topology.regions(3).shardsPerRegion(3));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Tenant tenant(int id) {
        Tenant tenant = server.tidal.createTenant(
                TenantConfig.builder(TenantId.of(id)).pinnedShards(SOURCE).build());
        for (int write = 0; write < WRITES; write++) {
            int first = write * PER_WRITE;
            tenant.recordAll(
                    IntStream.range(first, first + PER_WRITE)
                            .mapToObj(entity -> Signal.of("view", entity, 1))
                            .toList(),
                    WriteOptions.DEFAULT);
        }
        return tenant;
    }

    private static String move(int tenant, String more) {
        return "{\"tenant\":" + tenant + ",\"from\":\"r0:s0\",\"to\":\"r2:s2\"" + more + "}";
    }

    private JsonNode started(int tenant, String more) {
        return server.json("POST", "/v1/migrations", move(tenant, more)).is(202).json();
    }

    private List<JsonNode> all() {
        return list(server.get("/v1/migrations"));
    }

    private List<JsonNode> inHealth() {
        return list(server.get("/v1/cluster"));
    }

    private static List<JsonNode> list(TestServer.Answer answer) {
        return StreamSupport.stream(answer.is(200).json().path("migrations").spliterator(), false)
                .toList();
    }

    private CommandsOverHttpTest.Result run(String words) {
        return CommandsOverHttpTest.run(words, "--output", "json", "--server", CommandsOverHttpTest.url(server));
    }

    @Test
    @DisplayName(
            "F-21: one is planned, started, stopped, resumed and watched to its end, and is in the cluster's health until then")
    void watched() {
        Tenant tenant = tenant(7);
        JsonNode plan = server.json("POST", "/v1/migrations?dry_run=true", move(7, ",\"max_bytes_per_sec\":1000"))
                .is(200)
                .json();
        assertThat(plan.path("allowed").asBoolean()).isTrue();
        assertThat(plan.path("bytes").asLong()).isGreaterThan(WRITES * PER_WRITE);
        assertThat(plan.path("seconds").asDouble())
                .isEqualTo(plan.path("bytes").asLong() / 1_000.0, Offset.offset(1.0));
        assertThat(all()).isEmpty();

        long bytes = plan.path("bytes").asLong();
        JsonNode begun = started(7, ",\"hold\":\"0s\",\"verify\":\"full\",\"max_bytes_per_sec\":" + bytes / 3);
        String id = begun.path("id").asText();
        assertThat(server.json("POST", "/v1/migrations/" + id + "/pause", "")
                        .is(202)
                        .json()
                        .path("paused")
                        .asBoolean())
                .isTrue();
        assertThat(inHealth())
                .singleElement()
                .satisfies(each -> assertThat(each.path("id").asText()).isEqualTo(id));
        run("migrate resume " + id).is(0);
        List<JsonNode> seen = run("migrate status " + id + " --watch")
                .is(0)
                .out()
                .lines()
                .map(TestServer::parse)
                .toList();
        assertThat(seen).hasSizeGreaterThan(1);
        JsonNode last = seen.get(seen.size() - 1);
        assertThat(last.path("state").asText()).isEqualTo("COMPLETE");
        assertThat(last.path("progress").asDouble()).isOne();
        assertThat(last.path("write_pause_ms").isNumber()).isTrue();
        assertThat(seen).anySatisfy(each -> {
            assertThat(each.path("bytes_per_sec").asDouble()).isPositive();
            assertThat(each.path("seconds_left").isNumber()).isTrue();
            assertThat(each.path("predicted_write_pause_ms").isNumber()).isTrue();
        });
        assertThat(inHealth()).isEmpty();
        assertThat(tenant.placement()).containsExactly(TARGET);
        assertThat(tenant.total("view")).isEqualTo(WRITES * PER_WRITE);
        for (String change : List.of("abort", "reverse")) {
            run("migrate " + change + " " + id).is(2, "COMPLETE", "start another one");
        }
        assertThat(audited())
                .startsWith("start-migration r0:s0 to r2:s2: PREPARING", "pause-migration migration " + id + ": ")
                .contains(
                        "step-migration migration " + id + ": DUAL_WRITE",
                        "cut-over migration " + id + ": DRAINING",
                        "replicas-erased migration " + id + ": COMPLETE");
    }

    private List<String> audited() {
        return StreamSupport.stream(
                        server.get("/v1/audit?from=1&tenant=7")
                                .is(200)
                                .json()
                                .path("entries")
                                .spliterator(),
                        false)
                .filter(each -> each.path("command").asText().matches(".*-migration|cut-over|replicas-erased"))
                .map(each ->
                        each.path("command").asText() + " " + each.path("about").asText() + ": "
                                + each.at("/after/state").asText())
                .toList();
    }

    @Test
    @DisplayName(
            "R-60: one goes there and back under a load that reads every 10 ms: no write and no read fails, and each is there once")
    void underLoad(@TempDir Path work) {
        Tenant tenant = tenant(7);
        Path acks = work.resolve("acks.ndjson");
        CompletableFuture<CommandsOverHttpTest.Result> load = CompletableFuture.supplyAsync(() -> run(
                "signal load --tenant 7 --rate 500 --duration 5s --writers 2 --reads-every 10ms --ack-log " + acks));
        while (tenant.total("view") == WRITES * PER_WRITE && !load.isDone()) {
            LockSupport.parkNanos(1_000_000);
        }
        for (String way : List.of("--from r0:s0 --to r2:s2", "--from r2:s2 --to r0:s0")) {
            run("migrate start --tenant 7 " + way + " --max-write-pause 5s --hold 0s --wait")
                    .is(0);
        }
        JsonNode report = TestServer.parse(load.join().is(0).out());
        assertThat(report.path("acked").asLong()).isEqualTo(2_500);
        assertThat(report.path("failed").asLong()).isZero();
        assertThat(report.path("refused").asLong()).isZero();
        assertThat(report.path("reads").asLong()).isPositive();
        assertThat(report.path("reads_failed").asLong()).isZero();
        assertThat(run("signal verify --ack-log " + acks).is(0).out())
                .contains("\"acked\":2500,\"found\":2500,\"missing\":0,\"duplicated\":0");
        assertThat(tenant.total("view")).isEqualTo(WRITES * PER_WRITE + 2_500);
    }

    @Test
    @DisplayName(
            "four are copied at a time, others wait in order; one that is given up or stopped makes room, and who was not moved is as before")
    void queued() {
        for (int id = 1; id <= 6; id++) {
            tenant(id);
            started(id, ",\"max_bytes_per_sec\":1");
        }
        assertThat(waiting()).containsExactly(5L, 6L);
        assertThat(TestServer.parse(run("migrate abort 1 --wait").is(0).out())
                        .path("state")
                        .asText())
                .isEqualTo("ABORTED");
        assertThat(waiting()).containsExactly(6L);
        server.json("POST", "/v1/migrations/2/pause", "").is(202);
        assertThat(waiting()).isEmpty();
        run("migrate pause").is(0);
        assertThat(inHealth()).hasSize(5).allMatch(each -> each.path("paused").asBoolean());
        run("migrate resume").is(0);
        assertThat(waiting()).containsExactly(6L);
        for (int id = 2; id <= 6; id++) {
            run("migrate abort " + id + " --wait").is(0);
        }
        assertThat(inHealth()).isEmpty();
        assertThat(all())
                .hasSize(6)
                .allMatch(each -> each.path("state").asText().equals("ABORTED"));
        assertThat(server.tidal.tenants()).hasSize(6).allSatisfy(tenant -> {
            assertThat(tenant.placement()).containsExactly(SOURCE);
            tenant.record("view", 1, 1);
            assertThat(tenant.total("view")).isEqualTo(WRITES * PER_WRITE + 1);
        });
    }

    private List<Long> waiting() {
        return all().stream()
                .filter(each -> each.path("note").asText().equals("queued: 4 others are copied first"))
                .map(each -> each.path("id").asLong())
                .sorted()
                .toList();
    }

    @Test
    @DisplayName("R-60: what must not be is refused with what was wrong, also by a dry run, and nothing is begun")
    void refused() {
        tenant(7);
        refused(move(9, ""), 404, "tenant t9 does not exist");
        refused("{\"tenant\":7,\"from\":\"r0:s0\",\"to\":\"r0:s0\"}", 400, "source and target are both r0:s0");
        refused("{\"tenant\":7,\"from\":\"r0:s0\",\"to\":\"r0:s9\"}", 400, "no shard r0:s9");
        refused("{\"tenant\":7,\"from\":\"r2:s2\",\"to\":\"r0:s0\"}", 400, "leads none of its slots");
        malformed("{\"tenant\":7,\"from\":\"r0:s0\",\"to\":\"mars\"}", "mars");
        malformed("{\"tenant\":7,\"from\":\"r0:s0\"}", "field to is missing");
        malformed(move(7, ",\"verify\":\"half\""), "expected digest or full");
        malformed(move(7, ",\"max_bytes_per_sec\":-1"), "-1");
        malformed(move(7, ",\"max_write_pause\":\"soon\""), "soon");
        malformed(move(7, ",\"hold\":\"-1s\""), "-1s");
        malformed(move(7, ",\"bogus\":1"), "bogus");
        server.get("/v1/migrations/9").is(404);
        server.get("/v1/migrations/one").is(400);
        for (String change : List.of("abort", "reverse", "end-hold", "pause", "resume")) {
            assertThat(server.json("POST", "/v1/migrations/9/" + change, "")
                            .is(404)
                            .text())
                    .contains("migration 9 does not exist: see tidal migrate list, or GET /v1/migrations");
        }
        assertThat(all()).isEmpty();
    }

    @Test
    @DisplayName(
            "F-13: one that is refused ends no hold for it; one that is not waits until the hold of the one before is over")
    void endsHold() {
        Tenant tenant = tenant(7);
        run("migrate start --tenant 7 --from r0:s0 --to r2:s2 --max-write-pause 5s --hold 1h --wait")
                .is(0);
        String again = "migrate start --tenant 7 --from r2:s2 --max-write-pause 5s --hold 0s --wait --end-hold --to ";
        run(again + "r2:s2").is(2, "source and target are both r2:s2");
        run(again + "r0:s9").is(2, "no shard r0:s9");
        run(again + "r1:s1 --dry-run").is(0);
        assertThat(all())
                .singleElement()
                .satisfies(each -> assertThat(each.path("state").asText()).isEqualTo("HOLD"));
        server.json("POST", "/v1/migrations?after_hold=true", "{\"tenant\":7,\"from\":\"r2:s2\",\"to\":\"r1:s1\"}")
                .is(400);
        run(again + "r0:s0").is(0);
        assertThat(all())
                .hasSize(2)
                .allSatisfy(each -> assertThat(each.path("state").asText()).isEqualTo("COMPLETE"));
        assertThat(tenant.placement()).containsExactly(SOURCE);
        assertThat(tenant.total("view")).isEqualTo(WRITES * PER_WRITE);
    }

    private void refused(String body, int status, String reason) {
        assertThat(server.json("POST", "/v1/migrations", body).is(status).text())
                .contains(reason);
        JsonNode plan =
                server.json("POST", "/v1/migrations?dry_run=true", body).is(200).json();
        assertThat(plan.path("allowed").asBoolean()).isFalse();
        assertThat(plan.path("reason").asText()).contains(reason);
    }

    private void malformed(String body, String reason) {
        assertThat(server.json("POST", "/v1/migrations", body).is(400).text()).contains(reason);
        assertThat(server.json("POST", "/v1/migrations?dry_run=true", body)
                        .is(400)
                        .text())
                .contains(reason);
    }
}
