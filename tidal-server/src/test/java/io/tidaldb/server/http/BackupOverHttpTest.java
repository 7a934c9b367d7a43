package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.server.TidalCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("F-72: a tenant's backup, with commands and over HTTP")
class BackupOverHttpTest {

    @TempDir
    Path directory;

    private static JsonNode run(int exit, String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] all =
                Stream.concat(Stream.of(words), Stream.of("--output", "json")).toArray(String[]::new);
        int code = TidalCommand.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all);
        assertThat(code).as("%s%s", out, err).isEqualTo(exit);
        return exit == 0 ? TestServer.parse(out.toString()) : TestServer.parse("{}");
    }

    @Test
    @DisplayName("is taken part by part, restored by a server and in a directory, as another tenant, to any position")
    void takesAndRestores() throws Exception {
        Path node = Files.createDirectory(directory.resolve("node"));
        String backup = directory.resolve("backup").toString();
        try (TestServer server = TestServer.start(node, "limits: {body_bytes: 64KiB}\n")) {
            String url = "http://127.0.0.1:" + server.server.port();
            server.json("POST", "/v1/tenants", "{\"tenant\":7,\"label\":\"acme\",\"max_entities\":90000}")
                    .is(201);
            for (int i = 0; i < 30; i++) {
                StringBuilder lines = new StringBuilder();
                for (int j = 0; j < 200; j++) {
                    lines.append("{\"signal\":\"view\",\"entity\":\"")
                            .append(i * 200 + j)
                            .append("\"}\n");
                }
                server.ndjson("/v1/tenants/7/signals", lines.toString()).is(200);
            }
            JsonNode first = run(0, "tenant", "backup", "acme", "--to", backup, "--server", url);
            assertThat(first.path("part").asText()).isEqualTo("part-000001.tdbk");
            assertThat(first.path("new_bytes").asLong()).isGreaterThan(6_000 * 21);
            String position = server.json("POST", "/v1/tenants/7/signals", "[{\"signal\":\"view\",\"entity\":\"1\"}]")
                    .is(200)
                    .json()
                    .path("positions")
                    .path(0)
                    .asText();
            server.json("POST", "/v1/tenants/7/signals", "[{\"signal\":\"view\",\"entity\":\"1\"}]")
                    .is(200);
            run(0, "tenant", "backup", "7", "--to", backup, "--server", url);
            JsonNode nothing = run(0, "tenant", "backup", "7", "--to", backup, "--server", url);
            assertThat(nothing.path("new_batches").asLong()).isZero();
            try (Stream<Path> files = Files.list(Path.of(backup))) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .containsExactlyInAnyOrder("part-000001.tdbk", "part-000002.tdbk");
            }

            // Larger than any other body may be.
            JsonNode restored = run(0, "tenant", "restore", "--from", backup, "--as", "8", "--server", url);
            assertThat(restored.path("max_entities").asLong()).isEqualTo(90_000);
            assertThat(total(server, 8)).isEqualTo(6_002);
            run(
                    0,
                    "tenant",
                    "restore",
                    "--from",
                    backup,
                    "--as",
                    "9",
                    "--at",
                    position,
                    "--durability",
                    "ASYNC",
                    "--server",
                    url);
            assertThat(server.get("/v1/tenants/9")
                            .is(200)
                            .json()
                            .path("durability")
                            .asText())
                    .isEqualTo("ASYNC");
            assertThat(total(server, 9)).isEqualTo(6_001);
            run(1, "tenant", "restore", "--from", backup, "--as", "8", "--server", url);
            run(1, "tenant", "restore", "--from", backup, "--as", "10", "--at", "r0:s0:999999", "--server", url);
            run(1, "tenant", "restore", "--from", backup, "--as", "10", "--durability", "MAJORITY", "--server", url);
            assertThat(node.resolve("incoming")).isEmptyDirectory();
        }
        String elsewhere = directory.resolve("elsewhere").toString();
        run(0, "tenant", "create", "--data-dir", elsewhere, "--tenant", "1");
        run(0, "tenant", "restore", "--from", backup + "/part-000001.tdbk", "--data-dir", elsewhere);
        JsonNode usage = run(0, "tenant", "usage", "acme", "--verify", "--data-dir", elsewhere);
        assertThat(usage.toString()).contains("6000");
        Files.write(Path.of(backup, "part-000001.tdbk"), new byte[] {1}, StandardOpenOption.APPEND);
        run(1, "tenant", "restore", "--from", backup, "--as", "11", "--data-dir", elsewhere);
    }

    private static long total(TestServer server, int tenant) {
        return server.get("/v1/tenants/" + tenant + "/signals/view")
                .is(200)
                .json()
                .path("total")
                .asLong();
    }
}
