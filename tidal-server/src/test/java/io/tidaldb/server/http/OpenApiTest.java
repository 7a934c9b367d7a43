package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.server.http.exchange.Route;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The OpenAPI document")
class OpenApiTest {

    @TempDir
    Path directory;

    @Test
    @DisplayName("has every route that is served, and no other")
    void complete() {
        try (TestServer server = TestServer.start(directory, "")) {
            JsonNode document = server.get("/v1/openapi.json").is(200).json();
            List<String> documented = new ArrayList<>();
            document.get("paths")
                    .properties()
                    .forEach(path -> path.getValue()
                            .fieldNames()
                            .forEachRemaining(
                                    method -> documented.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
            assertThat(documented)
                    .containsExactlyInAnyOrderElementsOf(
                            server.server.routes().stream().map(Route::name).toList());
            for (Route route : server.server.routes()) {
                String path = route.path().replaceAll("\\{[a-z]+}", "1");
                if (!path.equals("/v1/events")) {
                    TestServer.Answer answer = server.call(route.method().name(), path, null, "");
                    assertThat(answer.status() == 404 && answer.code().equals("NOT_FOUND"))
                            .as(route.name())
                            .isFalse();
                }
            }
        }
    }

    @Test
    @DisplayName("refers to schemas that are there, names each operation once and each parameter in the path")
    void consistent() {
        try (TestServer server = TestServer.start(directory, "")) {
            JsonNode document = server.get("/v1/openapi.json").is(200).json();
            assertThat(document.get("openapi").asText()).isEqualTo("3.1.0");
            document.findValuesAsText("$ref")
                    .forEach(reference -> assertThat(
                                    document.at(reference.substring(1)).isMissingNode())
                            .as(reference)
                            .isFalse());
            Set<String> operations = new HashSet<>();
            document.findValuesAsText("operationId")
                    .forEach(id -> assertThat(operations.add(id)).as(id).isTrue());
            JsonNode entity = document.at("/paths/~1v1~1tenants~1{tenant}~1entities~1{entity}~1signals~1{signal}/get");
            assertThat(entity.get("parameters").findValuesAsText("name"))
                    .contains("tenant", "entity", "signal", "at", "min_position");
        }
    }
}
