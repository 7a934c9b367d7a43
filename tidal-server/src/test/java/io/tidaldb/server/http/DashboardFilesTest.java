package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.server.auth.Scope;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.auth.TokenIssue;
import io.tidaldb.server.http.exchange.MediaTypes;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The dashboard's files as they are served by a node that has tokens. */
@DisplayName("The dashboard's files")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardFilesTest {

    private static final Pattern REFERENCE =
            Pattern.compile("(?:from '\\./|(?:src|href)=\"/dashboard/)([A-Za-z.]+)['\"]");
    private static final Pattern ELSEWHERE = Pattern.compile("(?:src|href|import|from|url)\\W{1,3}(?:https?:)?//");

    private TestServer server;

    @BeforeAll
    void start(@TempDir Path directory) {
        Path tokens = directory.resolve("tokens.json");
        TokenIssue.into(new TokenFile(tokens), "", List.of(Scope.OPERATOR), List.of(), Instant.now(), null);
        server = TestServer.start(directory, "auth: {tokens: \"" + tokens + "\"}\n");
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private TestServer.Answer get(String path) {
        return server.send(HttpRequest.newBuilder(server.uri(path)).build());
    }

    private static Set<String> files() throws IOException, URISyntaxException {
        Path directory = Path.of(DashboardFilesTest.class
                        .getResource("/dashboard/index.html")
                        .toURI())
                .getParent();
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    @Test
    @DisplayName("are served to everybody, with a policy that allows nothing from elsewhere")
    void served() throws Exception {
        assertThat(files()).hasSizeGreaterThan(10);
        for (String file : files()) {
            String path = file.equals("index.html") ? "/" : "/dashboard/" + file;
            TestServer.Answer answer = get(path).is(200);
            assertThat(answer.text()).isNotBlank();
            assertThat(answer.headers().get("Content-Security-Policy"))
                    .contains("default-src 'none'", "frame-ancestors 'none'")
                    .doesNotContain("unsafe", "*", "http");
            assertThat(answer.headers()).containsEntry("X-Content-Type-Options", "nosniff");
            assertThat(answer.type()).startsWith(type(file));
        }
        assertThat(get("/v1/cluster").status()).isEqualTo(401);
    }

    private static String type(String file) {
        return file.endsWith(".js")
                ? "text/javascript"
                : file.endsWith(".css")
                        ? "text/css"
                        : file.endsWith(".svg") ? "image/svg+xml" : file.endsWith(".html") ? "text/html" : "text/plain";
    }

    @Test
    @DisplayName("refer to each other only, and each is referred to")
    void references() throws Exception {
        Set<String> referred = new java.util.TreeSet<>(Set.of("index.html"));
        for (String file : files()) {
            String text =
                    get(file.equals("index.html") ? "/" : "/dashboard/" + file).text();
            assertThat(ELSEWHERE.matcher(text).find()).as(file).isFalse();
            REFERENCE.matcher(text).results().forEach(found -> referred.add(found.group(1)));
        }
        assertThat(referred).isEqualTo(files());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/dashboard",
                "/dashboard/",
                "/dashboard/index.html",
                "/dashboard/../logback.xml",
                "/dashboard/%2e%2e/logback.xml",
                "/dashboard/..%2flogback.xml",
                "/dashboard/x.js",
                "/index.html",
                "//"
            })
    @DisplayName("are all there is beside the interface")
    void nothingElse(String path) {
        assertThat(get(path).status()).isBetween(400, 404);
    }

    @Test
    @DisplayName("a node without tokens listens to its own page, and to none from elsewhere")
    void foreignPages(@TempDir Path directory) {
        try (TestServer open = TestServer.start(directory, "")) {
            String own = open.uri("").toString();
            assertThat(open.call("GET", "/v1/tenants", null, "", "Origin", own).status())
                    .isEqualTo(200);
            for (String origin : List.of("http://example.com", "null", own + "0", "http://localhost:1")) {
                assertThat(open.call("POST", "/v1/tenants", MediaTypes.JSON, "{\"tenant\":1}", "Origin", origin)
                                .status())
                        .as(origin)
                        .isEqualTo(403);
            }
        }
    }
}
