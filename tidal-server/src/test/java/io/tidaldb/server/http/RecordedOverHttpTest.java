package io.tidaldb.server.http;

import static io.tidaldb.server.http.CommandsOverHttpTest.run;
import static io.tidaldb.server.http.CommandsOverHttpTest.url;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Tenant;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.ExportLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What is recorded, over HTTP")
class RecordedOverHttpTest {

    @TempDir
    Path directory;

    private static Tenant tenant(TestServer server) {
        return server.tidal.tenant(TenantId.of(1)).orElseThrow();
    }

    @Test
    @DisplayName("is handed out whole, and what was handed out can be imported elsewhere")
    void exports() throws IOException {
        try (TestServer server = TestServer.start(directory, "")) {
            run("tenant create --tenant 1 --label acme --server " + url(server)).is(0);
            server.ndjson(
                            "/v1/tenants/1/signals",
                            IntStream.range(0, 3_000)
                                    .mapToObj(i -> "{\"signal\":\"view\",\"entity_name\":\"é" + i % 70
                                            + "\",\"weight\":0.1,\"ts\":" + (1_700_000_000_000_000_000L + i) + "}")
                                    .collect(Collectors.joining("\n")))
                    .is(200);
            String exported = run("signal export --tenant acme --server " + url(server))
                    .is(0)
                    .out();
            List<RecordedSignal> there = new ArrayList<>();
            tenant(server).export(there::add);
            assertThat(exported.lines().map(ExportLine::parse)).hasSize(3_000).isEqualTo(there);
            server.get("/v1/tenants/1/export")
                    .is(200)
                    .text()
                    .lines()
                    .forEach(line -> server.validate(Schema.ref("ExportedSignal"), TestServer.parse(line)));
            String elsewhere = directory.resolve("elsewhere").toString();
            run("tenant create --tenant 1 --label acme --data-dir " + elsewhere).is(0);
            Path file = Files.writeString(directory.resolve("exported.ndjson"), exported);
            run("signal import --data-dir " + elsewhere + " " + file).is(0);
            String question = "query top -k 5 --tenant 1 --signal view --at 2023-11-15T00:00:00Z --output json";
            assertThat(run(question + " --data-dir " + elsewhere).is(0).out())
                    .isEqualTo(run(question + " --server " + url(server)).is(0).out());
            String again = run("signal export --tenant 1 --data-dir " + elsewhere)
                    .is(0)
                    .out();
            assertThat(again.lines().map(ExportLine::parse).map(RecordedSignal::eventNanos))
                    .containsExactlyInAnyOrderElementsOf(
                            there.stream().map(RecordedSignal::eventNanos).toList());
        }
    }

    @Test
    @DisplayName("is not taken for whole where an answer breaks off, or is none")
    void brokenOff() throws Exception {
        String begun = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
        String line = "{\"tenant\":\"1\",\"position\":\"r0:s0:1\",\"hlc\":\"1\",\"signal\":\"view\",\"entity\":\"7\","
                + "\"weight\":1.0,\"ts\":\"2026-01-01T00:00:00Z\"}\n";
        String chunk = Integer.toHexString(line.length()) + "\r\n" + line + "\r\n";
        try (RawServer broken = new RawServer(begun + chunk)) {
            assertThat(run("signal export --tenant 1 --server " + broken.url())
                            .is(1, "not complete")
                            .out())
                    .isEqualTo(line);
        }
        try (RawServer strange = new RawServer(begun + "4\r\nhey\n\r\n0\r\n\r\n")) {
            run("signal export --tenant 1 --server " + strange.url()).is(2, "not an exported signal");
        }
    }

    @Test
    @DisplayName("is loaded and verified as in a data directory, past servers that are gone")
    void loads() throws Exception {
        Path acks = directory.resolve("acks.ndjson");
        try (TestServer server = TestServer.start(directory, "");
                RawServer deaf = new RawServer("")) {
            String urls = deaf.url() + "," + url(server);
            run("signal load --tenant 1 --rate 10 --duration 1s --ack-log " + acks + " --signal none --server " + urls)
                    .is(1, "UNKNOWN_SIGNAL");
            JsonNode report = TestServer.parse(run("signal load --tenant 1 --rate 2000 --duration 250ms --entities 20"
                            + " --writers 2 --reads-every 20ms --output json --ack-log " + acks + " --server " + urls)
                    .is(0)
                    .out());
            assertThat(report.get("sent").asLong()).isEqualTo(500);
            assertThat(report.get("acked").asLong()).isEqualTo(500);
            assertThat(report.get("failed").asLong()).isZero();
            assertThat(report.get("reads").asLong()).isPositive();
            assertThat(report.get("reads_failed").asLong()).isZero();
            assertThat(report.get("availability").asDouble()).isEqualTo(1.0);
            assertThat(tenant(server).total("view")).isEqualTo(500);
            String verify = "signal verify --output json --ack-log " + acks + " --server " + url(server);
            assertThat(run(verify).is(0).out()).contains("\"acked\":500,\"found\":500,\"missing\":0,\"duplicated\":0");
            // Records that nobody sent are no loss, but a line that nobody recorded is.
            String lost =
                    Files.readAllLines(acks).get(3).replaceFirst("\"ts\":\"[^\"]*", "\"ts\":\"2020-01-01T00:00:00Z");
            Files.writeString(acks, lost + "\n", java.nio.file.StandardOpenOption.APPEND);
            assertThat(run(verify).is(1).out()).contains("\"acked\":501,\"found\":500,\"missing\":1");
            server.delete("/v1/tenants/1").is(200);
            assertThat(run(verify).is(1).out()).contains("\"found\":0,\"missing\":501");
        }
    }

    @Test
    @DisplayName("fails where no server takes it before the deadline, and says which why")
    void deadline() throws Exception {
        try (TestServer server = TestServer.start(directory, "");
                RawServer deaf = new RawServer("")) {
            run("tenant create --tenant 1 --server " + url(server)).is(0);
            String load = "signal load --tenant 1 --rate 50 --duration 100ms --deadline 200ms --output json --ack-log "
                    + directory.resolve("acks") + " --server ";
            run(load + deaf.url()).is(1, "did not answer");
            server.json("PATCH", "/v1/tenants/1", "{\"max_signals_per_sec\":1,\"burst\":1}")
                    .is(200);
            JsonNode report = TestServer.parse(run(load + url(server)).is(0).out());
            assertThat(report.get("refused").asLong()).isPositive();
            assertThat(report.get("failed").asLong()).isZero();
        }
    }
}
