package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.server.config.NodeConfigurationFile;
import io.tidaldb.server.node.NodeProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keeps the pages that are made from the code; {@code -Dtidal.docs.update=true} writes them anew. */
@DisplayName("The reference")
class ReferencePagesTest {

    private static final String HEAD = """
            # %s

            Generated from %s. Do not edit: after a change of the code run
            `mvn test -pl tidal-it -am -Dtidal.docs.update=true -Dtest=ReferencePagesTest -Dsurefire.failIfNoSpecifiedTests=false`.

            """;
    private static final Pattern EXPOSED = Pattern.compile("(?m)^# TYPE (tidal_\\w+) ");
    private static final Pattern DOCUMENTED = Pattern.compile("`(tidal_\\w+)`(?=[^\n]*\\|)");

    @TempDir
    Path work;

    private static void isCurrent(String name, String title, String source, String text) throws IOException {
        Path page = Repository.root().resolve("docs").resolve(name);
        String current = HEAD.formatted(title, source) + text;
        if (Boolean.getBoolean("tidal.docs.update")) {
            Files.writeString(page, current);
        }
        assertThat(page).exists();
        assertThat(Repository.read(page))
                .as("docs/%s is out of date: it says itself how to write it anew", name)
                .isEqualTo(current);
    }

    @Test
    @DisplayName("of the command line is that of the commands that there are")
    void commandLine() throws IOException {
        isCurrent("cli.md", "Commands", "the commands themselves", CliReference.render());
    }

    @Test
    @DisplayName("of the configuration has each key that is read, with its default, and no other")
    void configuration() throws IOException {
        isCurrent("configuration.md", "Configuration", "the code that reads it", ConfigurationReference.render(work));
    }

    @Test
    @DisplayName(
            "of the HTTP interface is the OpenAPI document, and that of metrics has each that is exposed, and no other")
    void http() throws Exception {
        Path file = Files.writeString(
                work.resolve("node.yaml"), "data_dir: " + work.resolve("data") + "\nhttp: {listen: \"127.0.0.1:0\"}\n");
        try (NodeProcess node = NodeProcess.start(NodeConfigurationFile.read(file, Map.of()))) {
            String url = "http://" + node.http();
            post(url + "/v1/tenants", "{\"tenant\": \"7\"}");
            JsonNode document = Cli.parse(get(url + "/v1/openapi.json"));
            isCurrent("http-reference.md", "HTTP reference", "the OpenAPI document", HttpReference.render(document));
            // A maximum comes with its distribution.
            TreeSet<String> exposed = new TreeSet<>(EXPOSED.matcher(get(url + "/metrics"))
                    .results()
                    .map(metric -> metric.group(1).replaceFirst("_max$", ""))
                    .toList());
            assertThat(exposed)
                    .isEqualTo(new TreeSet<>(
                            Repository.extractAll(Repository.root().resolve("docs/metrics.md"), DOCUMENTED)));
        }
    }

    private static String get(String url) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(url)).build());
    }

    private static void post(String url, String body) throws Exception {
        send(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private static String send(HttpRequest request) throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
        return answer.body();
    }
}
