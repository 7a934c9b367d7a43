package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.config.NodeConfigurationFile;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.http.openapi.Schemas;
import io.tidaldb.server.metrics.TidalMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A server on a free port over a store in memory; every answer is held to the OpenAPI document. */
final class TestServer implements AutoCloseable {

    static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonSchemaFactory SCHEMAS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

    final Tidal tidal;
    final NodeState state;
    final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final ObjectNode components = MAPPER.createObjectNode();

    /** An answer. */
    record Answer(int status, String type, String text, Map<String, String> headers) {

        JsonNode json() {
            return parse(text);
        }

        String code() {
            return json().path("code").asText();
        }

        Answer is(int expected) {
            assertThat(status).as(text).isEqualTo(expected);
            return this;
        }
    }

    private TestServer(NodeConfiguration configuration, Topology topology) {
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        tidal = Tidal.builder()
                .topology(topology)
                .signal("view", Duration.ofDays(7))
                .signal("like", Duration.ofDays(30))
                .open();
        state = new NodeState(configuration);
        server = HttpServer.start(configuration, state, Authenticator.of(configuration.tokens()), metrics);
        new TidalMetrics(tidal).bindTo(metrics);
        state.opened(tidal);
        ObjectNode schemas = components.putObject("schemas");
        Schemas.all().forEach(schemas::set);
    }

    static TestServer start(Path directory, String more) {
        return start(directory, more, Map.of());
    }

    static TestServer start(Path directory, String more, Map<String, String> environment) {
        return start(directory, more, environment, Topology.single(RegionId.of(0)));
    }

    static TestServer start(Path directory, Topology topology) {
        return start(directory, "", Map.of(), topology);
    }

    private static TestServer start(Path directory, String more, Map<String, String> environment, Topology topology) {
        Path file = directory.resolve("node.yaml");
        try {
            Files.writeString(file, "data_dir: " + directory + "\nhttp: {listen: \"127.0.0.1:0\"}\n" + more);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new TestServer(NodeConfigurationFile.read(file, environment), topology);
    }

    static JsonNode parse(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + text, e);
        }
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    Answer get(String path) {
        return call("GET", path, null, "");
    }

    Answer delete(String path) {
        return call("DELETE", path, null, "");
    }

    Answer json(String method, String path, String body) {
        return call(method, path, MediaTypes.JSON, body);
    }

    Answer ndjson(String path, String body, String... headers) {
        return call("POST", path, MediaTypes.NDJSON, body, headers);
    }

    Answer call(String method, String path, @Nullable String type, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .timeout(Duration.ofSeconds(60))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (type != null) {
            request.header("Content-Type", type);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        Answer answer = send(request.build());
        check(method, path, answer);
        return answer;
    }

    Answer send(HttpRequest request) {
        try {
            HttpResponse<String> response = exchanged(request);
            Map<String, String> headers = new java.util.TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            response.headers().map().forEach((name, values) -> headers.put(name, values.get(0)));
            return new Answer(
                    response.statusCode(), headers.getOrDefault("content-type", ""), response.body(), headers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * A server may close a connection that waits for the next request, after one that it could make nothing of. The client asks again by itself,
     * but only for what it knows to have no effect.
     */
    private HttpResponse<String> exchanged(HttpRequest request) throws IOException, InterruptedException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains("header parser received no bytes")) {
                throw e;
            }
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    /** Fails unless the answer is one that the document promises. */
    void check(String method, String path, Answer answer) {
        if (answer.status() >= 400) {
            assertThat(answer.type()).as(path + " " + answer.text()).isEqualTo(MediaTypes.PROBLEM);
            JsonNode problem = answer.json();
            assertThat(problem.path("status").asInt()).isEqualTo(answer.status());
            validate(Schema.ref("Problem"), problem);
            return;
        }
        Route route = route(method, path)
                .orElseThrow(() -> new AssertionError(method + " " + path + " answers and has no route"));
        Route.Answer promised = Optional.ofNullable(route.answers().get(answer.status()))
                .orElseThrow(() -> new AssertionError(route.name() + " promises no " + answer.status()));
        assertThat(answer.type()).isEqualTo(promised.mediaType());
        if (promised.mediaType().equals(MediaTypes.JSON)) {
            validate(promised.schema(), answer.json());
        }
    }

    void validate(ObjectNode schema, JsonNode value) {
        ObjectNode whole = schema.deepCopy();
        whole.set("components", components);
        assertThat(SCHEMAS.getSchema(whole).validate(value)).as("%s", value).isEmpty();
    }

    Optional<Route> route(String method, String path) {
        String bare = path.replaceFirst("\\?.*", "");
        return server.routes().stream()
                .filter(route -> route.method().name().equals(method))
                .filter(route -> Pattern.matches(route.path().replaceAll("\\{[a-z]+}", "[^/]+"), bare))
                .findFirst();
    }

    @Override
    public void close() {
        server.close();
        tidal.close();
    }
}
