package io.tidaldb.server.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tidaldb.server.TidalCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("tidal doctor")
class DoctorCommandTest {

    @TempDir
    Path directory;

    private JsonNode run(int exit, String yaml) throws Exception {
        Path file = Files.writeString(directory.resolve("node.yaml"), yaml);
        StringWriter out = new StringWriter();
        int code = TidalCommand.commandLine()
                .setOut(new PrintWriter(out))
                .execute("doctor", "--config", file.toString(), "--output", "json");
        assertThat(code).as(out.toString()).isEqualTo(exit);
        return new ObjectMapper().readTree(out.toString());
    }

    private static JsonNode check(JsonNode result, String name) {
        for (JsonNode check : result.path("checks")) {
            if (check.path("check").asText().equals(name)) {
                return check;
            }
        }
        throw new AssertionError(name + " is not in " + result);
    }

    @Test
    @DisplayName("finds nothing wrong with what is right, and makes no directory")
    void good() throws Exception {
        Path data = directory.resolve("data");
        JsonNode result = run(0, "data_dir: " + data + "\nhttp: {listen: \"127.0.0.1:0\"}\n");
        assertThat(result.path("ok").asBoolean()).isTrue();
        assertThat(check(result, "data_dir").path("found").asText()).contains("free");
        assertThat(data).doesNotExist();
    }

    @Test
    @DisplayName("says what is in the way, and what to do")
    void bad() throws Exception {
        Path tokens = Files.writeString(directory.resolve("tokens.json"), "{}");
        Path plain = Files.writeString(directory.resolve("file"), "");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            JsonNode result = run(
                    1,
                    "data_dir: " + plain + "\nhttp: {listen: \"127.0.0.1:" + taken.getLocalPort()
                            + "\"}\nauth: {tokens: " + tokens + "}\n");
            assertThat(check(result, "data_dir").path("state").asText()).isEqualTo("BAD");
            assertThat(check(result, "http.listen").path("do").asText()).contains("another address");
            assertThat(check(result, "auth.tokens").path("state").asText()).isEqualTo("BAD");
        }
        JsonNode unreadable = run(1, "data_dri: x\n");
        assertThat(check(unreadable, "configuration").path("found").asText()).contains("data_dri");
    }
}
