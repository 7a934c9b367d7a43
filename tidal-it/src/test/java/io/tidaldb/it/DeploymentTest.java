package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.config.NodeConfigurationFile;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files in {@code deploy} without anything that would run them. */
@DisplayName("What is deployed")
class DeploymentTest {

    private static final Path ROOT = Repository.root();
    private static final Pattern METRIC = Pattern.compile("\\b(tidal_[a-z_]+|(?:jvm|process|system)_[a-z_]+)");
    private static final Pattern DOCUMENTED = Pattern.compile("`(tidal_[a-z_]+)`");

    private static List<JsonNode> manifests() throws IOException {
        YAMLMapper mapper = new YAMLMapper();
        try (MappingIterator<JsonNode> all = mapper.readerFor(JsonNode.class)
                .readValues(ROOT.resolve("deploy/kubernetes/tidal.yaml").toFile())) {
            return all.readAll();
        }
    }

    private static JsonNode manifest(String kind, String name) throws IOException {
        return manifests().stream()
                .filter(each -> each.get("kind").asText().equals(kind))
                .filter(each -> each.at("/metadata/name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Holds a manifest to its kind's schema, as the client library of Kubernetes has it. By name, since the kind names the class; its
     * annotations are of no use here.
     */
    private static void validate(JsonNode manifest) throws ReflectiveOperationException {
        Object parsed = Class.forName("com.google.gson.JsonParser")
                .getMethod("parseString", String.class)
                .invoke(null, manifest.toString());
        Class.forName("io.kubernetes.client.openapi.models.V1"
                        + manifest.get("kind").asText())
                .getMethod("validateJsonElement", Class.forName("com.google.gson.JsonElement"))
                .invoke(null, parsed);
    }

    @Test
    @DisplayName("to Kubernetes are manifests as their schemas want them, and one that is spoilt is found")
    void schemas() throws Exception {
        TreeSet<String> kinds = new TreeSet<>();
        for (JsonNode manifest : manifests()) {
            validate(manifest);
            kinds.add(manifest.get("kind").asText());
        }
        assertThat(kinds).contains("ConfigMap", "PodDisruptionBudget", "Service", "StatefulSet");

        ObjectNode misspelt = manifest("StatefulSet", "tidal").deepCopy();
        ((ObjectNode) misspelt.at("/spec/template/spec/containers/0/lifecycle/preStop")).putObject("slep");
        assertThatThrownBy(() -> validate(misspelt))
                .isInstanceOf(InvocationTargetException.class)
                .rootCause()
                .hasMessageContaining("slep");
        ObjectNode incomplete = manifest("StatefulSet", "tidal").deepCopy();
        ((ObjectNode) incomplete.get("spec")).remove("selector");
        assertThatThrownBy(() -> validate(incomplete)).rootCause().hasMessageContaining("selector");
    }

    @Test
    @DisplayName(
            "to Kubernetes drains on SIGTERM within its time, one at a time, and only when ready is asked for anything")
    void orderly() throws Exception {
        JsonNode set = manifest("StatefulSet", "tidal");
        JsonNode pod = set.at("/spec/template/spec");
        JsonNode node = pod.at("/containers/0");
        assertThat(pod.get("terminationGracePeriodSeconds").asInt())
                .isGreaterThan(node.at("/lifecycle/preStop/sleep/seconds").asInt() + 20);
        assertThat(node.at("/readinessProbe/httpGet/path").asText()).isEqualTo("/readyz");
        assertThat(node.at("/livenessProbe/httpGet/path").asText()).isEqualTo("/healthz");
        assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
        JsonNode labels = set.at("/spec/template/metadata/labels");
        assertThat(set.at("/spec/selector/matchLabels")).isEqualTo(labels);
        JsonNode budget = manifest("PodDisruptionBudget", "tidal");
        assertThat(budget.at("/spec/selector/matchLabels")).isEqualTo(labels);
        assertThat(budget.at("/spec/maxUnavailable").asInt()).isEqualTo(1);
        for (String service : List.of("tidal", "tidal-peers")) {
            assertThat(manifest("Service", service).at("/spec/selector")).isEqualTo(labels);
        }
        assertThat(set.at("/spec/serviceName").asText()).isEqualTo("tidal-peers");
    }

    /** Reads a configuration that names files of a container: they must be asked for as such, so nothing else may be wrong with it. */
    private static NodeConfiguration read(Path file, Map<String, String> environment) {
        return NodeConfigurationFile.read(file, environment);
    }

    private static void agree(Map<String, NodeConfiguration> nodes, int peerPort) {
        assertThat(nodes).hasSize(3);
        nodes.forEach((name, each) -> {
            assertThat(each.node().name()).isEqualTo(name);
            assertThat(each.others().keySet().stream().map(Object::toString))
                    .containsExactlyInAnyOrderElementsOf(nodes.keySet().stream()
                            .filter(other -> !other.equals(name))
                            .toList());
            each.others().values().forEach(address -> assertThat(address.port()).isEqualTo(peerPort));
            each.others()
                    .forEach((other, address) -> assertThat(Objects.requireNonNull(nodes.get(other.name()))
                                    .transport()
                                    .advertise())
                            .contains(address));
            assertThat(each.shards()).isEqualTo(nodes.values().iterator().next().shards());
            assertThat(each.http().tls()).isPresent();
            assertThat(each.transport().tls()).isPresent();
            assertThat(each.tokens()).isPresent();
        });
        assertThat(nodes.values().stream().map(NodeConfiguration::region).distinct())
                .hasSize(3);
    }

    @Test
    @DisplayName("to Kubernetes has a configuration for each pod, which the node takes and which agree")
    void podConfigurations(@TempDir Path work) throws Exception {
        Map<String, NodeConfiguration> nodes = new TreeMap<>();
        for (Map.Entry<String, JsonNode> each :
                manifest("ConfigMap", "tidal").get("data").properties()) {
            Path file = Files.writeString(
                    work.resolve(each.getKey()), each.getValue().asText());
            nodes.put(each.getKey().replace(".yaml", ""), read(file, Map.of()));
        }
        agree(nodes, 7401);
        assertThat(manifest("StatefulSet", "tidal").at("/spec/replicas").asInt())
                .isEqualTo(nodes.size());
    }

    @Test
    @DisplayName("by Compose has an environment for each service, which the node takes and which agree")
    void composeConfigurations() throws Exception {
        JsonNode compose =
                new YAMLMapper().readTree(ROOT.resolve("compose.yaml").toFile());
        Map<String, NodeConfiguration> nodes = new TreeMap<>();
        for (Map.Entry<String, JsonNode> service : compose.get("services").properties()) {
            Map<String, String> environment = new LinkedHashMap<>();
            service.getValue()
                    .get("environment")
                    .properties()
                    .forEach(each ->
                            environment.put(each.getKey(), each.getValue().asText()));
            nodes.put(service.getKey(), read(ROOT.resolve("deploy/compose/node.yaml"), environment));
            assertThat(compose.at("/volumes").has(service.getKey())).isTrue();
        }
        agree(nodes, 7401);
    }

    @Test
    @DisplayName("to Grafana asks for metrics that are documented")
    void dashboard() throws Exception {
        JsonNode dashboard = Cli.parse(Repository.read(ROOT.resolve("deploy/grafana/tidal.json")));
        TreeSet<String> asked = new TreeSet<>();
        for (JsonNode expression : dashboard.findValues("expr")) {
            METRIC.matcher(expression.asText())
                    .results()
                    .map(MatchResult::group)
                    .forEach(asked::add);
        }
        List<String> documented = Repository.extractAll(ROOT.resolve("docs/metrics.md"), DOCUMENTED);
        assertThat(asked)
                .hasSizeGreaterThan(12)
                .allSatisfy(metric -> assertThat(
                                metric.startsWith("tidal_")
                                        ? documented.contains(metric)
                                                || documented.contains(
                                                        metric.replaceFirst("_(bucket|count|sum|max)$", ""))
                                        : metric.matches("(jvm|process|system)_.*"))
                        .as(metric)
                        .isTrue());
        TreeSet<Integer> ids = new TreeSet<>();
        dashboard
                .get("panels")
                .forEach(panel -> assertThat(ids.add(panel.get("id").asInt())).isTrue());
        assertThat(ids).hasSizeGreaterThan(10);
    }

    @Test
    @DisplayName(
            "as an image is what the repository builds: each file that it copies is there or is built, and it runs as nobody in particular")
    void image() {
        String dockerfile = Repository.read(ROOT.resolve("Dockerfile"));
        Pattern.compile("^COPY (?:--\\S+ )?(.*) \\S+$", Pattern.MULTILINE)
                .matcher(dockerfile)
                .results()
                .flatMap(copy -> List.of(copy.group(1).split(" ")).stream())
                .filter(source -> !source.startsWith("tidal-server/target/"))
                .forEach(source -> assertThat(ROOT.resolve(source)).exists());
        assertThat(dockerfile).contains("USER 10001:10001", "HEALTHCHECK", "STOPSIGNAL SIGTERM", "ARG BASE_IMAGE=");
    }
}
