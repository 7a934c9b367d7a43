package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schemas;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Asks every route in the table what nobody should, so that a new one is among them. {@link TestServer} holds each answer to the OpenAPI
 * document: what is refused is refused by a problem document.
 */
@DisplayName("Every route")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EveryRouteTest {

    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "[]",
            "{}",
            "[null]",
            "[{}]",
            "[[1]]",
            "\"\"",
            "\"x\"",
            "\"-1\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"99999999999999999999\"",
            "\"" + "9".repeat(2_000) + "\"",
            "-1",
            "0.5",
            "1e400",
            "9223372036854775808",
            "{\"a\":{\"b\":[1]}}");

    private static final List<String> IDS = List.of(
            "987654321", "x", "-1", "1.5", "18446744073709551616", "%00", "%F0%9F%92%A9", "0x1", "9".repeat(500));

    private TestServer server;

    @BeforeAll
    void start(@TempDir Path directory) {
        server = TestServer.start(directory, "limits: {body_bytes: 64KiB}\n");
        server.json("POST", "/v1/tenants", "{\"tenant\":1}").is(201);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    /** Events have no end, and to erase tenant 1 would take it from the others. */
    private Stream<Route> routes() {
        return server.server.routes().stream()
                .filter(route -> !route.path().equals("/v1/events") && route.method() != Method.DELETE);
    }

    private static String path(Route route) {
        return route.path()
                .replace("{tenant}", "1")
                .replace("{entity}", "42")
                .replace("{signal}", "view")
                .replace("{node}", "n9")
                .replace("{session}", "7")
                .replace("{id}", "0123456789ab");
    }

    private void ask(Route route, String path, @Nullable String type, String body) {
        TestServer.Answer answer = server.call(route.method().name(), path, type, body);
        assertThat(answer.status())
                .as("%s %s: %s", route.name(), body, answer.text())
                .isLessThan(500);
        assertThat(answer.text()).doesNotContain("Exception", "java.", "at io.");
    }

    @TestFactory
    @DisplayName("refuses fields of any other type as the sender's fault")
    Stream<DynamicTest> wrongTypes() {
        return routes().filter(route -> !route.bodies().isEmpty() && !route.takes(MediaTypes.OCTETS))
                .map(route -> DynamicTest.dynamicTest(
                        route.name(),
                        () -> bodies(route)
                                .forEach(body ->
                                        route.bodies().keySet().forEach(type -> ask(route, path(route), type, body)))));
    }

    /** One field wrong at a time, alone and beside what the route needs. */
    private static List<String> bodies(Route route) {
        List<String> bodies = new ArrayList<>();
        for (JsonNode schema : route.bodies().values()) {
            ObjectNode fields = fields(schema);
            fields.fieldNames()
                    .forEachRemaining(field -> VALUES.forEach(value -> {
                        bodies.add("{\"" + field + "\":" + value + "}");
                        bodies.add("[{\"" + field + "\":" + value + "}]");
                    }));
            assertThat(fields.size()).as(route.name()).isPositive();
        }
        return bodies;
    }

    private static ObjectNode fields(JsonNode schema) {
        JsonNode items = schema.has("items") ? schema.get("items") : schema;
        String name = items.path("$ref").asText().replaceFirst(".*/", "");
        JsonNode target =
                name.isEmpty() ? items : Objects.requireNonNull(Schemas.all().get(name), name);
        return (ObjectNode) target.get("properties");
    }

    @TestFactory
    @DisplayName("answers unknown and impossible names in its path as not found or malformed")
    Stream<DynamicTest> unknownIds() {
        return server.server.routes().stream()
                .filter(route -> route.path().contains("{"))
                .map(route -> DynamicTest.dynamicTest(route.name(), () -> {
                    for (String id : IDS) {
                        String path = route.path().replaceAll("\\{[a-z]+}", id);
                        String type = route.bodies().isEmpty()
                                ? null
                                : route.bodies().keySet().iterator().next();
                        TestServer.Answer answer =
                                server.call(route.method().name(), path, type, type == null ? "" : "[]");
                        assertThat(answer.status())
                                .as("%s: %s", path, answer.text())
                                .isBetween(400, 499);
                    }
                }));
    }

    @TestFactory
    @DisplayName("refuses query parameters that it does not have, and values that they can't have")
    Stream<DynamicTest> wrongParameters() {
        return routes().map(route -> DynamicTest.dynamicTest(route.name(), () -> {
            TestServer.Answer unknown = server.call(route.method().name(), path(route) + "?nobody=1", null, "");
            assertThat(unknown.status()).as(unknown.text()).isBetween(400, 499);
            for (String name : route.queryByName().keySet()) {
                for (String value : List.of("", "%00", "-1", "x", "1e9", "%F0%9F%92%A9", "9".repeat(2_000))) {
                    ask(route, path(route) + "?" + name + "=" + value, null, "");
                }
            }
        }));
    }

    @TestFactory
    @DisplayName("bears spoilt bodies")
    Stream<DynamicTest> fuzz() {
        long seed = 20261122;
        Random random = new Random(seed);
        return routes().filter(route -> !route.bodies().isEmpty() && !route.takes(MediaTypes.OCTETS))
                .map(route -> DynamicTest.dynamicTest(route.name() + ", seed " + seed, () -> {
                    List<String> bodies = bodies(route);
                    for (int run = 0; run < 150; run++) {
                        byte[] body = bodies.get(random.nextInt(bodies.size())).getBytes(StandardCharsets.UTF_8);
                        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                            body[random.nextInt(body.length)] = (byte) random.nextInt(256);
                        }
                        String text = new String(body, StandardCharsets.ISO_8859_1);
                        route.bodies().keySet().forEach(type -> ask(route, path(route), type, text));
                    }
                }));
    }
}
