package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Processes that {@code tidal cluster up} starts; what is left of them at the end is killed. */
final class ProcessCluster implements AutoCloseable {

    private final Path work;
    private final Path home;
    private final int nodes;
    private final boolean faults;

    /** Prepares; nothing is started. */
    ProcessCluster(Path work, int nodes) {
        this(work, nodes, false);
    }

    /** Prepares one whose links can be cut; nothing is started. */
    static ProcessCluster takingFaults(Path work, int nodes) {
        return new ProcessCluster(work, nodes, true);
    }

    private ProcessCluster(Path work, int nodes, boolean faults) {
        this.faults = faults;
        this.work = work;
        this.home = work.resolve("cluster");
        this.nodes = nodes;
    }

    /** Starts the nodes that don't run; returns when all serve. */
    void up() throws InterruptedException {
        up(Map.of());
    }

    /** As {@link #up()}, with this besides in the environment of those that are started. */
    void up(Map<String, String> environment) throws InterruptedException {
        // Nodes take their options and classes from the process that starts them: in this one they would be a test's.
        try (TidalProcess process = TidalProcess.start(environment, work.resolve("up.txt"), words())) {
            assertUp(process);
        }
    }

    /** Starts the nodes that don't run, if there are any; returns when all serve. */
    void upUnlessRunning() throws InterruptedException {
        if (!Files.exists(home.resolve("cluster.json"))
                || !IntStream.range(0, nodes).allMatch(this::runs)) {
            up();
        }
    }

    private boolean runs(int node) {
        return ProcessHandle.of(process(node).get("pid").asLong())
                .filter(ProcessHandle::isAlive)
                .isPresent();
    }

    /** Starts the nodes that don't run with the version after this one; returns when all serve. */
    void upNext() throws InterruptedException {
        try (TidalProcess process = TidalProcess.startNext(work.resolve("up-next.txt"), words())) {
            assertUp(process);
        }
    }

    /** Starts the nodes that don't run, of which one can't; returns what is said about it. */
    String upFails() throws InterruptedException {
        try (TidalProcess process = TidalProcess.start(work.resolve("up-fails.txt"), words())) {
            assertThat(process.exitCode()).as(process.errors()).isEqualTo(1);
            return process.errors();
        }
    }

    private static void assertUp(TidalProcess process) throws InterruptedException {
        String line = process.line();
        assertThat(process.exitCode()).as("%s%n%s", line, process.errors()).isZero();
    }

    private Object[] words() {
        return new Object[] {
            "cluster",
            "up",
            "--data-dir",
            home,
            "--nodes",
            nodes,
            "--base-port",
            0,
            "--timeout",
            "5m",
            "--output",
            "json",
            "--debug=" + faults
        };
    }

    /** Drains all nodes and waits for their ends. */
    void down() {
        Cli.run("cluster", "down", "--data-dir", home).done();
    }

    Path home() {
        return home;
    }

    Path data(int node) {
        return home.resolve("n" + node);
    }

    private JsonNode process(int node) {
        return Cli.parse(Repository.read(home.resolve("cluster.json"))).get(node);
    }

    /** Returns the URL of a node. */
    String server(int node) {
        return "http://" + process(node).get("http").asText();
    }

    NodeId node(int node) {
        return NodeId.of(process(node).get("node").asText());
    }

    /** Returns where other nodes, and clients, reach a node. */
    String peer(int node) {
        return process(node).get("peer").asText();
    }

    /** Returns the name of the cluster. */
    String name() {
        return Cli.run("cluster", "status", "--data-dir", home, "--output", "json")
                .done()
                .json()
                .get("cluster")
                .asText();
    }

    /** Returns the URLs of all nodes, this one's first. */
    String servers(int first) {
        return IntStream.range(0, nodes)
                .mapToObj(node -> server((first + node) % nodes))
                .collect(Collectors.joining(","));
    }

    ProcessHandle handle(int node) {
        return ProcessHandle.of(process(node).get("pid").asLong()).orElseThrow();
    }

    List<ProcessHandle> handles() {
        return IntStream.range(0, nodes).mapToObj(this::handle).toList();
    }

    /** Ends a node as {@code kill -9} does. */
    void kill(int node) {
        ProcessHandle process = handle(node);
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Sends a node a signal, such as STOP. */
    void signal(int node, String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder(
                        "kill", "-" + signal, String.valueOf(handle(node).pid()))
                .start();
        assertThat(kill.waitFor()).isZero();
    }

    /** Waits until a node sees the whole cluster as it should be. */
    void awaitHealthy(int seenBy) {
        Cli.run("cluster", "status", "--server", server(seenBy), "--wait-for", "healthy", "--timeout", "2m")
                .done();
    }

    /** Returns the state of a node as another one sees it. */
    String state(int node, int seenBy) {
        return Cli.run("cluster", "status", "--server", server(seenBy), "--output", "json")
                .done()
                .json()
                .at("/nodes/" + node + "/state")
                .asText();
    }

    @Override
    public void close() throws IOException {
        if (!Files.isDirectory(home)) {
            return;
        }
        List<ProcessHandle> left = new ArrayList<>();
        for (Path file : Repository.files(home, ".pid")) {
            ProcessHandle.of(Long.parseLong(Files.readString(file).split(" ", 2)[0]))
                    .filter(process -> process.pid() != ProcessHandle.current().pid())
                    .ifPresent(left::add);
        }
        left.forEach(ProcessHandle::destroyForcibly);
        left.forEach(process -> process.onExit().join());
    }
}
