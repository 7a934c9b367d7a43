package io.tidaldb.bench;

import io.tidaldb.api.TenantId;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A node as users run one, on a free port. */
final class ServerProcess implements AutoCloseable {

    private final Process process;
    private final String url;

    private ServerProcess(Process process, String url) {
        this.process = process;
        this.url = url;
    }

    /**
     * Starts it, and waits until it serves.
     *
     * @param command what runs the command line, with options if need be
     * @param directory where its configuration and data go
     */
    static ServerProcess start(String command, Path directory) throws IOException {
        Path file = Files.writeString(
                directory.resolve("node.yaml"),
                "data_dir: " + directory.resolve("node") + "\nhttp: {listen: \"127.0.0.1:0\"}\nsignals: [{name: "
                        + EmbeddedLoad.SIGNAL + ", half_life: 7d}]\n");
        List<String> words = Stream.concat(
                        Arrays.stream(command.split(" ", -1)), Stream.of("node", "--config", file.toString()))
                .toList();
        Process process = new ProcessBuilder(words)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        String ready = out.readLine();
        // What the machine says about itself, where that is asked for, comes before.
        while (ready != null && !ready.startsWith("READY ")) {
            ready = out.readLine();
        }
        if (ready == null) {
            throw new IOException(command + " ended and did not serve");
        }
        return new ServerProcess(process, "http://" + ready.replaceFirst(".* http=(\\S+) .*", "$1"));
    }

    ProcessHandle handle() {
        return process.toHandle();
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

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        process.waitFor();
    }
}
