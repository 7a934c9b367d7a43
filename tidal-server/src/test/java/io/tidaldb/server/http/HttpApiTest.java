package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.server.http.body.Keys;
import io.tidaldb.server.http.exchange.MediaTypes;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The HTTP interface")
class HttpApiTest {

    private static final String SIGNALS = "/v1/tenants/1/signals";

    @TempDir
    Path directory;

    private TestServer server;

    @BeforeEach
    void start() {
        server = TestServer.start(directory, "");
        server.json("POST", "/v1/tenants", "{\"tenant\":1,\"label\":\"acme\"}").is(201);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    @DisplayName("creates, shows, changes, lists and erases tenants")
    void tenants() {
        JsonNode created = server.json("POST", "/v1/tenants", """
                        {"tenant":"18446744073709551615","label":"big","max_signals_per_sec":100,"max_entities":"5",
                         "max_storage_bytes":1000000,"required_regions":[0],"durability":"LOCAL","shards":["r0:s0"]}""").is(201).json();
        assertThat(created.get("tenant").asText()).isEqualTo("18446744073709551615");
        assertThat(created.get("shards").toString()).isEqualTo("[\"r0:s0\"]");
        assertThat(server.json("POST", "/v1/tenants", "{\"tenant\":1}").is(409).code())
                .isEqualTo("TENANT_EXISTS");
        assertThat(server.json("POST", "/v1/tenants", "{\"required_regions\":[7]}")
                        .is(422)
                        .code())
                .isEqualTo("RESIDENCY_UNSATISFIABLE");
        assertThat(server.json("POST", "/v1/tenants", "{}")
                        .is(201)
                        .json()
                        .get("tenant")
                        .asText())
                .isEqualTo("2");
        String big = "/v1/tenants/18446744073709551615";
        JsonNode changed = server.json("PATCH", big, "{\"max_signals_per_sec\":null,\"label\":\"bigger\"}")
                .is(200)
                .json();
        assertThat(changed.get("max_signals_per_sec").isNull()).isTrue();
        assertThat(changed.get("max_entities").asLong()).isEqualTo(5);
        assertThat(changed.get("label").asText()).isEqualTo("bigger");
        assertThat(server.get("/v1/tenants").is(200).json().get("tenants")).hasSize(3);
        assertThat(server.delete(big).is(200).json().get("erased").asBoolean()).isTrue();
        assertThat(server.get(big).is(404).code()).isEqualTo("TENANT_NOT_FOUND");
        assertThat(server.delete(big).is(404).code()).isEqualTo("TENANT_NOT_FOUND");
    }

    @Test
    @DisplayName("records an array whole, and reads what it means")
    void records() {
        JsonNode accepted = server.json("POST", SIGNALS, """
                        [{"signal":"view","entity":"42","weight":2.5,"ts":"2026-01-01T00:00:00Z"},
                         {"tenant":"1","signal":"view","entity":42,"ts":"1767225600000000000"},
                         {"signal":"like","entity_name":"IAH-LAX"}]""").is(200).json();
        assertThat(accepted.get("accepted").asInt()).isEqualTo(3);
        String position = accepted.get("positions").get(0).asText();
        JsonNode reading = server.get(
                        "/v1/tenants/1/entities/42/signals/view?at=2026-01-08T00:00:00Z&min_position=" + position)
                .is(200)
                .json();
        assertThat(reading.get("score").asDouble()).isCloseTo(1.75, within(1e-6));
        assertThat(reading.get("count").asInt()).isEqualTo(2);
        assertThat(reading.get("replica").asText()).isEqualTo("r0:s0");
        assertThat(server.get("/v1/tenants/1/entities/IAH-LAX/signals/like?by=name")
                        .is(200)
                        .json()
                        .get("count")
                        .asInt())
                .isEqualTo(1);
        assertThat(server.get("/v1/tenants/1/entities/7/signals/view")
                        .is(200)
                        .json()
                        .get("score")
                        .asDouble())
                .isZero();
        assertThat(server.get("/v1/tenants/1/top?signal=like&k=1")
                        .is(200)
                        .json()
                        .at("/entities/0/name")
                        .asText())
                .isEqualTo("IAH-LAX");
        JsonNode total = server.get("/v1/tenants/1/signals/view").is(200).json();
        assertThat(total.get("total").asInt()).isEqualTo(2);
        assertThat(total.get("entities").asInt()).isEqualTo(1);
        JsonNode readings = server.json(
                        "POST",
                        "/v1/tenants/1/reads",
                        "{\"signal\":\"view\",\"entities\":[42,\"7\"],\"at\":\"2026-01-08T00:00:00Z\"}")
                .is(200)
                .json()
                .get("readings");
        assertThat(readings).hasSize(2);
        assertThat(readings.get(0).get("score").asDouble()).isCloseTo(1.75, within(1e-6));
        assertThat(server.get("/v1/tenants/1/entities/42/signals/view?min_position=r0:s0:999999")
                        .is(412)
                        .code())
                .isEqualTo("POSITION_UNKNOWN");
    }

    @Test
    @DisplayName("records nothing of an array that has one signal that is wrong")
    void arraysAreWhole() {
        assertThat(server.json("POST", SIGNALS, "[{\"signal\":\"view\",\"entity\":1},{\"signal\":\"view\"}]")
                        .is(400)
                        .json()
                        .get("detail")
                        .asText())
                .startsWith("signal [1]: ");
        assertThat(server.json(
                                "POST",
                                SIGNALS,
                                "[{\"signal\":\"view\",\"entity\":1},{\"signal\":\"nope\",\"entity\":1}]")
                        .is(404)
                        .code())
                .isEqualTo("UNKNOWN_SIGNAL");
        assertThat(total()).isZero();
        server.json("POST", SIGNALS, "[]").is(200);
    }

    @Test
    @DisplayName("records NDJSON in chunks, and says how many were acknowledged before the line that is wrong")
    void ndjson() {
        String lines = lines(2_500);
        assertThat(server.ndjson(SIGNALS, lines).is(200).json().get("accepted").asInt())
                .isEqualTo(2_500);
        JsonNode problem =
                server.ndjson(SIGNALS, lines + "\n{\"signal\":\n").is(400).json();
        assertThat(problem.get("accepted").asInt()).isEqualTo(2_500);
        assertThat(problem.get("detail").asText()).startsWith("line 2502 ");
        assertThat(total()).isEqualTo(5_000);
    }

    @Test
    @DisplayName("F-02: NDJSON beyond the rate is refused where the bucket is empty, with what was accepted")
    void throttled() {
        server.json("PATCH", "/v1/tenants/1", "{\"max_signals_per_sec\":100,\"burst\":250}")
                .is(200);
        TestServer.Answer answer = server.ndjson(SIGNALS, lines(2_000)).is(429);
        JsonNode problem = answer.json();
        assertThat(problem.get("accepted").asInt()).isEqualTo(250);
        assertThat(problem.get("cause").asText()).isIn("RATE", "BURST");
        assertThat(problem.get("quota").asText()).isEqualTo("SIGNALS_PER_SECOND");
        assertThat(Integer.parseInt(answer.headers().get("Retry-After")))
                .isEqualTo((int) Math.ceil(problem.get("retry_after_ms").asLong() / 1000.0));
        assertThat(server.json("POST", SIGNALS, array(251))
                        .is(422)
                        .json()
                        .get("cause")
                        .asText())
                .isEqualTo("NEVER");
        assertThat(total()).isEqualTo(250);
    }

    @Test
    @DisplayName("a cap that is reached is a refusal that no waiting helps")
    void capped() {
        server.json("PATCH", "/v1/tenants/1", "{\"max_entities\":10}").is(200);
        server.json("POST", SIGNALS, array(10)).is(200);
        TestServer.Answer answer = server.json("POST", SIGNALS, "[{\"signal\":\"view\",\"entity\":77}]")
                .is(429);
        assertThat(answer.json().get("cause").asText()).isEqualTo("ENTITIES");
        assertThat(answer.json().get("retry_after_ms").isNull()).isTrue();
        assertThat(answer.headers()).doesNotContainKey("Retry-After");
        assertThat(total()).isEqualTo(10);
    }

    @Test
    @DisplayName("a retry under the same key has no second effect and returns the first result, whole or line by line")
    void retries() {
        String key = "order 17";
        String[] header = {"Idempotency-Key", key};
        TestServer.Answer first =
                server.call("POST", SIGNALS, MediaTypes.JSON, array(3), header).is(200);
        assertThat(server.call("POST", SIGNALS, MediaTypes.JSON, array(3), header)
                        .is(200)
                        .text())
                .isEqualTo(first.text());
        assertThat(server.call("POST", SIGNALS, MediaTypes.JSON, array(4), header)
                        .is(422)
                        .code())
                .isEqualTo("IDEMPOTENCY_KEY_REUSED");
        assertThat(total()).isEqualTo(3);
        header[1] = "stream 1";
        TestServer.Answer stream = server.ndjson(SIGNALS, lines(1_500), header).is(200);
        assertThat(server.ndjson(SIGNALS, lines(1_500), header).is(200).text()).isEqualTo(stream.text());
        // The second line alone, under the key that is derived for it.
        IdempotencyKey second = Keys.ofLine(Keys.of("stream 1"), 2);
        String line = "[" + lines(2).lines().skip(1).findFirst().orElseThrow() + "]";
        server.call("POST", SIGNALS, MediaTypes.JSON, line, "Idempotency-Key", second.toString())
                .is(200);
        assertThat(total()).isEqualTo(1_503);
    }

    @Test
    @DisplayName("derives idempotency keys as it always will")
    void keys() {
        assertThat(Keys.of("123e4567-e89b-12d3-a456-426614174000")).hasToString("123e4567-e89b-12d3-a456-426614174000");
        assertThat(Keys.of("a")).hasToString("a96faf70-5af1-6834-e6c6-32b61e964e1f");
        assertThat(Keys.ofLine(Keys.of("a"), 1)).isNotEqualTo(Keys.ofLine(Keys.of("a"), 2));
    }

    @Test
    @DisplayName("R-50: shows the cluster's health")
    void cluster() {
        server.json("POST", SIGNALS, array(3)).is(200);
        JsonNode health = server.get("/v1/cluster").is(200).json();
        assertThat(health.at("/regions/0/health").asText()).isEqualTo("HEALTHY");
        assertThat(health.at("/shards/0/role").asText()).isEqualTo("LEADER");
        assertThat(health.at("/shards/0/entity_count").asInt()).isEqualTo(3);
        assertThat(health.at("/tenants/0/tenant").asText()).isEqualTo("1");
    }

    @Test
    @DisplayName("tells what happens to whoever listens")
    void events() throws Exception {
        HttpResponse<InputStream> stream = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(server.uri("/v1/events")).build(),
                        HttpResponse.BodyHandlers.ofInputStream());
        assertThat(stream.headers().firstValue("content-type")).hasValue("text/event-stream");
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).isEqualTo("event: health");
            server.json("POST", "/v1/tenants", "{\"tenant\":9}").is(201);
            String line = lines.readLine();
            while (line != null && !line.equals("event: tenant")) {
                line = lines.readLine();
            }
            assertThat(lines.readLine()).isEqualTo("data: {\"change\":\"created\",\"tenant\":\"9\"}");
        }
    }

    @Test
    @DisplayName("is ready while it serves, and says why when it does not")
    void readiness() {
        server.get("/healthz").is(200);
        server.get("/readyz").is(200);
        server.state.draining();
        TestServer.Answer answer = server.get("/readyz").is(503);
        assertThat(answer.json().get("detail").asText()).contains("draining");
        assertThat(answer.headers()).containsKey("Retry-After");
        server.get("/healthz").is(200);
    }

    @Test
    @DisplayName("writes with a durability that the topology does not have are refused")
    void durability() {
        assertThat(server.json("POST", SIGNALS + "?durability=MAJORITY", array(1))
                        .is(422)
                        .code())
                .isEqualTo("UNSUPPORTED");
        server.json("POST", SIGNALS + "?durability=async", array(1)).is(200);
        server.json("POST", SIGNALS + "?durability=NEVER", array(1)).is(400);
    }

    private long total() {
        return server.get("/v1/tenants/1/signals/view")
                .is(200)
                .json()
                .get("total")
                .asLong();
    }

    private static String lines(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "{\"signal\":\"view\",\"entity\":" + i + "}")
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static String array(int count) {
        return lines(count).strip().lines().collect(Collectors.joining(",", "[", "]"));
    }
}
