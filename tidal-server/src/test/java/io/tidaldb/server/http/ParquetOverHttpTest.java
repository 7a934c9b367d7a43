package io.tidaldb.server.http;

import static io.tidaldb.server.http.CommandsOverHttpTest.run;
import static io.tidaldb.server.http.CommandsOverHttpTest.url;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.server.importing.TimeText;
import io.tidaldb.server.parquet.ParquetRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("R-46: Exports as Parquet, from the command line")
class ParquetOverHttpTest {

    @TempDir
    Path directory;

    private static void fill(String where, String store) {
        for (String words : List.of(
                "tenant create --tenant 7",
                "signal record --tenant 7 --signal view --entity 42 --weight 2.5",
                "signal record --tenant 7 --signal view --name lamp",
                "session start --tenant 7 --session 9 --user 1",
                "session write --tenant 7 --session 9 --number 2 --query trains",
                "session write --tenant 7 --session 9 --number 3 --interaction view --entity 42",
                "session write --tenant 7 --session 9 --number 4 --preference lang=de",
                "negative hide --tenant 7 --user 1 --entity 42",
                "negative withdraw --tenant 7 --user 1 --entity 42",
                "session close --tenant 7 --session 9 --number 5")) {
            run(words, where, store).is(0);
        }
    }

    /** What the lines of NDJSON say, as rows have it. */
    private static List<Map<String, String>> lines(String ndjson) {
        List<Map<String, String>> lines = new ArrayList<>();
        ndjson.lines().map(TestServer::parse).forEach(line -> {
            Map<String, String> values = new TreeMap<>();
            line.properties().forEach(field -> values.put(field.getKey(), value(field.getKey(), field.getValue())));
            lines.add(values);
        });
        return lines;
    }

    private static String value(String name, JsonNode value) {
        if (value.isArray()) {
            List<String> elements = new ArrayList<>();
            value.forEach(each -> elements.add(each.asText()));
            return elements.toString();
        }
        return switch (name) {
            case "ts" -> Long.toString(TimeText.nanos(value.asText()));
            case "weight" -> Double.toString(value.asDouble());
            default -> value.asText();
        };
    }

    private void isTheSame(String export, String where, String store) throws IOException {
        Path file = directory.resolve("export.parquet");
        JsonNode result = TestServer.parse(run(export + " --format parquet --output json --to " + file, where, store)
                .is(0)
                .out());
        List<Map<String, String>> rows = ParquetRows.of(file);
        assertThat(rows)
                .isNotEmpty()
                .isEqualTo(lines(run(export, where, store).is(0).out()));
        assertThat(result.path("rows").asInt()).isEqualTo(rows.size());
        assertThat(result.path("bytes").asLong()).isEqualTo(Files.size(file));
        run(export + " --format parquet --to " + file, where, store).is(2, "exists", "remove it");
        Files.delete(file);
        assertThat(directory.resolve("export.parquet.unfinished")).doesNotExist();
    }

    @Test
    @DisplayName("hold what the NDJSON says, of a directory and of a server")
    void same() throws IOException {
        String store = directory.resolve("store").toString();
        fill("--data-dir", store);
        isTheSame("signal export --tenant 7", "--data-dir", store);
        isTheSame("session export --tenant 7", "--data-dir", store);
        try (TestServer server = TestServer.start(directory, "")) {
            fill("--server", url(server));
            isTheSame("signal export --tenant 7", "--server", url(server));
            isTheSame("session export --tenant 7", "--server", url(server));
        }
    }

    @Test
    @DisplayName("leave nothing behind where they fail")
    void failures() {
        String store = directory.resolve("store").toString();
        fill("--data-dir", store);
        String file = directory.resolve("none.parquet").toString();
        run("signal export --tenant 99 --format parquet --to " + file, "--data-dir", store)
                .is(1, "99");
        run("session export --tenant 7 --format parquet", "--data-dir", store).is(2, "--to FILE");
        run("session export --tenant 7 --to " + file, "--data-dir", store).is(2, "--format parquet");
        run("session export --tenant 7 --format csv", "--data-dir", store).is(2, "NDJSON, PARQUET", "csv");
        run(
                        "signal export --tenant 7 --format parquet --to " + directory.resolve("missing/x.parquet"),
                        "--data-dir",
                        store)
                .is(2, "missing");
        assertThat(directory).isDirectoryNotContaining(path -> path.toString().contains("parquet"));
    }
}
