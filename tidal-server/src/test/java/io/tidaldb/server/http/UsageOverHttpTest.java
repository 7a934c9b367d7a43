package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Usage that is counted again, over HTTP")
class UsageOverHttpTest {

    @Test
    @DisplayName("is answered beside what was metered, again and again, and only where it is asked for")
    void overHttp(@TempDir Path directory) {
        try (TestServer server = TestServer.start(directory, "")) {
            server.json("POST", "/v1/tenants", "{\"tenant\":1}").is(201);
            server.json(
                            "POST",
                            "/v1/tenants/1/signals",
                            "[{\"signal\":\"view\",\"entity\":1},{\"signal\":\"like\",\"entity\":1},{\"signal\":\"view\",\"entity\":2}]")
                    .is(200);
            for (int time = 0; time < 5; time++) {
                JsonNode counted = server.get("/v1/tenants/1/usage?verify=true")
                        .is(200)
                        .json()
                        .get("from_log");
                assertThat(counted.get("matches").asBoolean()).isTrue();
                assertThat(counted.get("signals").asLong()).isEqualTo(3);
                assertThat(counted.get("entities").asLong()).isEqualTo(2);
            }
            assertThat(server.get("/v1/tenants/1/usage?verify=false")
                            .is(200)
                            .json()
                            .has("from_log"))
                    .isFalse();
            assertThat(server.get("/v1/tenants/1/usage?verify=yes").is(400).text())
                    .contains("expected true or false");
            server.get("/v1/tenants/9/usage?verify=true").is(404);
        }
    }
}
