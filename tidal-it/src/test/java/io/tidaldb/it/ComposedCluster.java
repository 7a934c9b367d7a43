package io.tidaldb.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The services of {@code compose.yaml}, started by the engine alone, so that the file is what is tested: with its environment, mounts and
 * restrictions. Only image, published ports and the place of secrets are the test's.
 */
final class ComposedCluster {

    private final ContainerEngine engine;
    private final Path secrets;
    private final String token;
    private final String image;
    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, List<String>> options = new TreeMap<>();

    ComposedCluster(ContainerEngine engine, Path work) throws IOException {
        this.engine = engine;
        this.secrets = work.resolve("secrets");
        JsonNode compose = new YAMLMapper()
                .readTree(Repository.root().resolve("compose.yaml").toFile());
        List<String> nodes = new ArrayList<>();
        compose.get("services").fieldNames().forEachRemaining(nodes::add);
        certificates(nodes);
        this.image = engine.image();
        this.token = Cli.parse(engine.run(
                        "run",
                        "--rm",
                        "-v",
                        secrets + ":/secrets",
                        image,
                        "token",
                        "create",
                        "--tokens",
                        "/secrets/tokens.json",
                        "--scope",
                        "operator",
                        "--output",
                        "json"))
                .get("token")
                .asText();
        // As Kubernetes mounts it: root's, and readable by the group that the node runs in.
        FaultTools.run("chown", "0:10001", secrets.resolve("tokens.json").toString());
        FaultTools.run("chmod", "440", secrets.resolve("tokens.json").toString());
        String network = engine.network();
        for (String node : nodes) {
            // Merge keys are not resolved by the parser: what is the service's own goes before.
            ObjectNode service = ((ObjectNode) compose.get("x-node")).deepCopy();
            service.setAll((ObjectNode) compose.at("/services/" + node));
            start(node, service, network);
        }
    }

    private void certificates(List<String> nodes) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Repository.root().resolve("deploy/certificates").toString(), secrets.toString(), "demo"));
        command.addAll(nodes);
        FaultTools.run(command.toArray(String[]::new));
    }

    private void start(String node, ObjectNode service, String network) throws IOException {
        List<String> words = new ArrayList<>(List.of("--network", network, "--network-alias", node));
        words.addAll(List.of("--hostname", service.get("hostname").asText()));
        service.get("environment")
                .properties()
                .forEach(each -> words.addAll(
                        List.of("-e", each.getKey() + "=" + each.getValue().asText())));
        service.get("volumes").forEach(each -> words.addAll(List.of("-v", mount(each.asText()))));
        service.get("tmpfs").forEach(each -> words.addAll(List.of("--tmpfs", each.asText())));
        service.get("cap_drop").forEach(each -> words.add("--cap-drop=" + each.asText()));
        service.get("security_opt").forEach(each -> words.add("--security-opt=" + each.asText()));
        if (service.get("read_only").asBoolean()) {
            words.add("--read-only");
        }
        int port = FreePorts.one();
        ports.put(node, port);
        words.addAll(List.of("-p", "127.0.0.1:" + port + ":7400"));
        options.put(node, List.copyOf(words));
        run(node, image);
    }

    private void run(String node, String of) {
        List<String> words = new ArrayList<>(options.get(node));
        words.add(of);
        engine.start(container(node), words);
    }

    /** Stops a node in order, and starts another image in its place, with the same data. Returns the exit code of the one before. */
    String replace(String node, String next) {
        engine.run("stop", "-t", "60", container(node));
        String code = engine.inspect(container(node), "{{.State.ExitCode}}");
        engine.run("rm", container(node));
        run(node, next);
        return code;
    }

    String image() {
        return image;
    }

    private String mount(String volume) {
        String[] parts = volume.replaceAll("\\$\\{TIDAL_SECRETS:-[^}]*}", secrets.toString())
                .split(":", 2);
        if (parts[0].startsWith("./")) {
            return Repository.root().resolve(parts[0]).normalize() + ":" + parts[1];
        }
        if (parts[0].startsWith("/")) {
            return volume.startsWith("$") ? parts[0] + ":" + parts[1] : volume;
        }
        engine.removeVolumeAtEnd(engine.name(parts[0]));
        return engine.name(parts[0]) + ":" + parts[1];
    }

    /** Starts one that has nothing to do with the others but certificates and token, and returns its URL. */
    String startAlone(String name, Path configuration, Path data) throws IOException {
        int port = FreePorts.one();
        engine.start(
                container(name),
                List.of(
                        "-v",
                        configuration + ":/etc/tidal/node.yaml:ro",
                        "-v",
                        secrets + ":/etc/tidal/secrets:ro",
                        "-v",
                        data + ":/data",
                        "-p",
                        "127.0.0.1:" + port + ":7400",
                        image));
        return "https://127.0.0.1:" + port;
    }

    List<String> nodes() {
        return List.copyOf(ports.keySet());
    }

    String container(String node) {
        return engine.name(node);
    }

    String server(String node) {
        return "https://127.0.0.1:" + ports.get(node);
    }

    /** Returns the URLs of all nodes, this one's first. */
    String servers(String first) {
        return server(first)
                + nodes().stream()
                        .filter(node -> !node.equals(first))
                        .map(node -> "," + server(node))
                        .collect(Collectors.joining());
    }

    /** Returns the words of a command and what it takes to ask these nodes. */
    Object[] asking(String servers, Object... words) {
        List<Object> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--server", servers, "--token", token, "--cacert", secrets.resolve("authority.pem")));
        return all.toArray();
    }

    /** Waits until each node runs, and one of them sees the cluster as it should be. */
    void awaitHealthy() {
        Await.passes(() -> nodes().forEach(node -> {
            if (!engine.inspect(container(node), "{{.State.Running}}").equals("true")) {
                throw new IllegalStateException(
                        node + " has ended: " + engine.run("logs", "--tail", "5", container(node)));
            }
            Cli.run(asking(server(node), "cluster", "status", "--wait-for", "healthy", "--timeout", "10s"))
                    .done();
        }));
    }

    /** Waits until the container's own check is content. */
    void awaitContent(String node) {
        Await.passes(() -> {
            if (!engine.isHealthy(container(node))) {
                throw new AssertionError(
                        node + " is not healthy: " + engine.run("logs", "--tail", "5", container(node)));
            }
        });
    }

    /** Returns the state of a node as another one sees it. */
    String state(String node, String seenBy) {
        JsonNode all = Cli.run(asking(server(seenBy), "cluster", "status", "--output", "json"))
                .done()
                .json()
                .get("nodes");
        for (JsonNode each : all) {
            if (each.get("node").asText().equals(node)) {
                return each.get("state").asText();
            }
        }
        return "UNKNOWN";
    }
}
