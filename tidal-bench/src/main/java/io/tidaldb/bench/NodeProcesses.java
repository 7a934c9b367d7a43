package io.tidaldb.bench;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.client.TidalClient;
import io.tidaldb.core.client.TidalClientBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Nodes as users run them, each a process, on free ports of this machine: one alone, or a cluster with a region for each. */
final class NodeProcesses implements AutoCloseable {

    private static final String CLUSTER = "bench";

    private final List<Process> processes = new ArrayList<>();
    private final int[] ports;
    private String url = "";

    private NodeProcesses(int[] ports) {
        this.ports = ports;
    }

    /**
     * Starts them, and waits until all serve.
     *
     * @param command what runs the command line, with options if need be
     * @param directory where their configurations and data go
     */
    static NodeProcesses start(String command, Path directory, int nodes) throws IOException {
        NodeProcesses all = new NodeProcesses(freePorts(nodes));
        try {
            for (int node = 0; node < nodes; node++) {
                Path file =
                        Files.writeString(directory.resolve("n" + node + ".yaml"), all.configuration(directory, node));
                List<String> words = Stream.concat(
                                Arrays.stream(command.split(" ", -1)), Stream.of("node", "--config", file.toString()))
                        .toList();
                all.processes.add(Children.start(new ProcessBuilder(words)
                        .redirectError(directory.resolve("n" + node + ".log").toFile())));
            }
            for (Process process : all.processes) {
                all.url = "http://" + ready(process, command).replaceFirst(".* http=(\\S+) .*", "$1");
            }
            return all;
        } catch (IOException e) {
            all.close();
            throw e;
        }
    }

    static int[] freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return sockets.stream().mapToInt(ServerSocket::getLocalPort).toArray();
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
    }

    private String configuration(Path directory, int node) {
        String own = "node: n" + node + "\ncluster: " + CLUSTER + "\nregion: " + node + "\ndata_dir: "
                + directory.resolve("n" + node) + "\nhttp: {listen: \"127.0.0.1:0\"}\nsignals: [{name: "
                + SignalLoad.SIGNAL
                + ", half_life: 7d}]\n";
        if (ports.length == 1) {
            return own;
        }
        String peers = IntStream.range(0, ports.length)
                .filter(other -> other != node)
                .mapToObj(other -> "n" + other + ": \"" + address(other) + "\"")
                .collect(Collectors.joining(", "));
        String shards = IntStream.range(0, ports.length)
                .mapToObj(each -> "{shard: 0, region: " + each + ", node: n" + each + "}")
                .collect(Collectors.joining(", "));
        return own + "transport: {listen: \"" + address(node) + "\"}\npeers: {" + peers + "}\nshards: [" + shards
                + "]\n";
    }

    private String address(int node) {
        return "127.0.0.1:" + ports[node];
    }

    private static String ready(Process process, String command) throws IOException {
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        String line = out.readLine();
        // What the machine says about itself, where that is asked for, comes before.
        while (line != null && !line.startsWith("READY ")) {
            line = out.readLine();
        }
        if (line == null) {
            throw new IOException(command + " ended and did not serve");
        }
        return line;
    }

    /** Returns the processor time of all of them so far. */
    long cpuNanos() {
        return Cpu.nanos(processes.stream().map(Process::toHandle).toArray(ProcessHandle[]::new));
    }

    URI signals(TenantId tenant) {
        return URI.create(url + "/v1/tenants/" + Long.toUnsignedString(tenant.value()) + "/signals");
    }

    void createTenant(TenantId tenant) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/tenants"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"tenant\":\"" + Long.toUnsignedString(tenant.value()) + "\"}"))
                .build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 201) {
            throw new IOException("the tenant is not created: " + response.body());
        }
    }

    /** Connects to the nodes of a cluster; a node alone has no transport. */
    TidalClient connect(int openWrites) {
        TidalClientBuilder builder = TidalClient.builder().cluster(CLUSTER).maxOpenWrites(openWrites);
        for (int node = 0; node < ports.length; node++) {
            builder.seed(NodeId.of("n" + node), address(node));
        }
        return builder.connect();
    }

    @Override
    public void close() {
        processes.forEach(Process::destroy);
        for (Process process : processes) {
            try {
                process.waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                process.destroyForcibly();
            }
        }
    }
}
