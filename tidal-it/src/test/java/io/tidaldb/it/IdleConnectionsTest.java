package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code -Dtidal.idle.connections=10000} opens more than a build does; both processes need as many descriptors. */
@DisplayName("A node with very many clients")
class IdleConnectionsTest {

    private static final int IDLE = Integer.getInteger("tidal.idle.connections", 1_000);
    private static final int WRITES = 50;
    private static final int DESCRIPTORS = 600;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Pattern READY = Pattern.compile("READY node=n0 http=127\\.0\\.0\\.1:(\\d+) .*");

    @TempDir
    Path work;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Socket> idle = new ArrayList<>();
    private int port;

    private TidalProcess start(String... under) throws IOException {
        Path file = Files.writeString(
                work.resolve("node.yaml"),
                "data_dir: " + work.resolve("data")
                        + "\nhttp: {listen: \"127.0.0.1:0\"}\nlimits: {connections: 20000, header_timeout: 5m}\n");
        TidalProcess node = TidalProcess.start(List.of(under), work.resolve("err.txt"), "node", "--config", file);
        Matcher ready = READY.matcher(String.valueOf(node.line()));
        assertThat(ready.matches()).as(node.errors()).isTrue();
        port = Integer.parseInt(ready.group(1));
        return node;
    }

    private int call(String method, String path, String body) {
        try {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                    .timeout(PATIENCE)
                                    .header("Content-Type", "application/json")
                                    .method(method, HttpRequest.BodyPublishers.ofString(body))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .statusCode();
        } catch (IOException e) {
            return -1;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private int write(int tenant, int entity) {
        return call("POST", "/v1/tenants/" + tenant + "/signals", "[{\"signal\":\"view\",\"entity\":" + entity + "}]");
    }

    private void connect(int many) throws IOException {
        for (int i = 0; i < many; i++) {
            idle.add(new Socket(InetAddress.getLoopbackAddress(), port));
        }
    }

    /** Connects until nothing more is accepted: the machine holds some that the node has not. */
    private void connectUntil(TidalProcess node, int descriptors) throws IOException {
        Path open = Path.of("/proc", String.valueOf(node.pid()), "fd");
        while (count(open) < descriptors) {
            Socket next = new Socket();
            idle.add(next);
            assertThat(idle).hasSizeLessThan(4 * descriptors);
            try {
                next.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
            } catch (SocketTimeoutException e) {
                // Those before it are not accepted yet.
                next.close();
            }
        }
    }

    private static long count(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        }
    }

    private void disconnect() throws IOException {
        for (Socket each : idle) {
            each.close();
        }
        idle.clear();
    }

    @Test
    @DisplayName("serves beside connections on which nothing is said, and when they are gone")
    void idleConnections() throws Exception {
        try (TidalProcess node = start()) {
            assertThat(call("POST", "/v1/tenants", "{\"tenant\":1}")).isEqualTo(201);
            connect(IDLE);
            for (int i = 0; i < WRITES; i++) {
                assertThat(write(1, i)).isEqualTo(200);
            }
            disconnect();
            assertThat(write(1, WRITES)).isEqualTo(200);
            assertThat(node.isAlive()).isTrue();
            System.out.println("idle connections: " + IDLE + " writes=" + WRITES + " failed=0");
        } finally {
            disconnect();
        }
    }

    @Test
    @DisplayName(
            "that has no descriptors left goes on for those that are connected, and serves all when it has some again")
    void noDescriptors() throws Exception {
        String limit = "--nofile=" + DESCRIPTORS + ":" + DESCRIPTORS;
        FaultTools.need("prlimit", limit, "true");
        try (TidalProcess node = start("prlimit", limit)) {
            // What serves a write, an answer that fails and a read is loaded from files, and those may be opened
            // before.
            assertThat(call("POST", "/v1/tenants", "{\"tenant\":1}")).isEqualTo(201);
            assertThat(write(1, WRITES)).isEqualTo(200);
            assertThat(call("POST", "/v1/tenants", "{\"tenant\":1}")).isEqualTo(409);
            connectUntil(node, DESCRIPTORS);
            int acknowledged = 0;
            for (int i = 0; i < WRITES; i++) {
                int status = write(1, i);
                assertThat(status).isIn(200, -1);
                acknowledged += status == 200 ? 1 : 0;
            }
            assertThat(acknowledged).isPositive();
            assertThat(node.isAlive()).isTrue();
            disconnect();
            Await.until(() -> write(1, WRITES) == 200);
            assertThat(call("POST", "/v1/tenants", "{\"tenant\":2}")).isEqualTo(201);
            assertThat(write(2, 1)).isEqualTo(200);
        } finally {
            disconnect();
        }
    }
}
