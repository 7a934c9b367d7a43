package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A node as a process")
class NodeProcessTest {

    private static final Pattern READY = Pattern.compile("READY node=n0 http=127\\.0\\.0\\.1:(\\d+) peer=- pid=(\\d+)");
    private static final int WRITERS = 4;

    @TempDir
    Path work;

    private final HttpClient client = HttpClient.newHttpClient();

    private Path configuration(String more) throws IOException {
        return Files.writeString(
                work.resolve("node.yaml"),
                "data_dir: " + work.resolve("data") + "\nhttp: {listen: \"127.0.0.1:0\"}\n" + more);
    }

    private TidalProcess start(String more) throws IOException {
        return TidalProcess.start(work.resolve("err.txt"), "node", "--config", configuration(more));
    }

    /** Waits until it serves and returns its port. */
    private static int port(TidalProcess node) {
        String line = String.valueOf(node.line());
        while (!line.startsWith("READY ") && node.isAlive()) {
            line = String.valueOf(node.line());
        }
        Matcher ready = READY.matcher(line);
        assertThat(ready.matches()).as("%s%n%s", line, node.errors()).isTrue();
        assertThat(Long.parseLong(ready.group(2))).isPositive();
        return Integer.parseInt(ready.group(1));
    }

    private HttpResponse<String> call(
            int port, String method, String path, String type, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("Content-Type", type)
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
                .join();
    }

    private JsonNode json(int port, String method, String path, String body) {
        HttpResponse<String> response = call(port, method, path, "application/json", body);
        assertThat(response.statusCode()).as(response.body()).isLessThan(300);
        return Cli.parse(response.body());
    }

    private static String lines(int from, int count) {
        return IntStream.range(from, from + count)
                .mapToObj(i -> "{\"signal\":\"view\",\"entity\":" + i + ",\"ts\":\"2026-01-01T00:00:00Z\"}")
                .collect(Collectors.joining("\n", "", "\n"));
    }

    @Test
    @DisplayName(
            "says when it serves; asked to stop, it finishes what is under way and ends with 0; its log is JSON, line by line")
    void drains() throws Exception {
        try (TidalProcess node = start("")) {
            int port = port(node);
            json(port, "POST", "/v1/tenants", "{\"tenant\":1,\"label\":\"two\\u0020words\"}");
            assertThat(json(port, "GET", "/readyz", "").get("status").asText()).isEqualTo("ready");
            String body = lines(0, 1_500);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            try (Socket upload = new Socket(InetAddress.getLoopbackAddress(), port)) {
                upload.getOutputStream()
                        .write(
                                ("POST /v1/tenants/1/signals HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                                                + "Connection: close\r\nContent-Length: " + bytes.length + "\r\n\r\n")
                                        .getBytes(StandardCharsets.US_ASCII));
                int half = body.indexOf('\n', bytes.length * 3 / 4) + 1;
                upload.getOutputStream().write(bytes, 0, half);
                upload.getOutputStream().flush();
                // Its first chunk is there: the upload is under way when the signal comes.
                while (json(port, "GET", "/v1/tenants/1/signals/view", "")
                                .get("total")
                                .asInt()
                        < 1_000) {
                    assertThat(node.isAlive()).isTrue();
                }
                node.terminate();
                upload.getOutputStream().write(bytes, half, bytes.length - half);
                upload.getOutputStream().flush();
                try (InputStream in = upload.getInputStream()) {
                    String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                    assertThat(answer).startsWith("HTTP/1.1 200").contains("\"accepted\":1500");
                }
            }
            assertThat(node.exitCode()).as(node.errors()).isZero();
            assertThat(node.line()).isNull();
            assertThat(node.errors().lines())
                    .isNotEmpty()
                    .allSatisfy(line -> assertThat(Cli.parse(line).isObject()).isTrue());
        }
        try (TidalProcess node = start("")) {
            assertThat(json(port(node), "GET", "/v1/tenants/1/signals/view", "")
                            .get("total")
                            .asInt())
                    .isEqualTo(1_500);
        }
    }

    @Test
    @DisplayName(
            "R-13: killed while it is written to, it has all that it acknowledged, and a retry counts nothing twice")
    void killed() throws Exception {
        AtomicInteger acknowledged = new AtomicInteger();
        List<CompletableFuture<Integer>> writers = new ArrayList<>();
        try (TidalProcess node = start("")) {
            int port = port(node);
            json(port, "POST", "/v1/tenants", "{\"tenant\":1}");
            for (int writer = 0; writer < WRITERS; writer++) {
                int first = writer * 1_000_000;
                writers.add(CompletableFuture.supplyAsync(() -> write(port, first, acknowledged)));
            }
            while (acknowledged.get() < 400) {
                assertThat(node.isAlive()).isTrue();
            }
            node.kill();
        }
        List<Integer> counts = writers.stream().map(CompletableFuture::join).toList();
        try (TidalProcess node = start("")) {
            int port = port(node);
            int total = json(port, "GET", "/v1/tenants/1/signals/view", "")
                    .get("total")
                    .asInt();
            int acked = counts.stream().mapToInt(Integer::intValue).sum();
            assertThat(total).isBetween(acked, acked + WRITERS * 10);
            for (int writer = 0; writer < WRITERS; writer++) {
                for (int sent = 0; sent < counts.get(writer) + 10; sent += 10) {
                    HttpResponse<String> again = send(port, writer * 1_000_000 + sent);
                    assertThat(again.statusCode()).as(again.body()).isEqualTo(200);
                }
            }
            assertThat(json(port, "GET", "/v1/tenants/1/signals/view", "")
                            .get("total")
                            .asInt())
                    .isEqualTo(acked + WRITERS * 10);
            node.terminate();
            assertThat(node.exitCode()).isZero();
        }
    }

    private HttpResponse<String> send(int port, int first) {
        return call(
                port,
                "POST",
                "/v1/tenants/1/signals",
                "application/x-ndjson",
                lines(first, 10),
                "Idempotency-Key",
                "from " + first);
    }

    /** Writes tens until the node is gone; returns how many signals it acknowledged. */
    private int write(int port, int first, AtomicInteger acknowledged) {
        int sent = 0;
        while (true) {
            try {
                if (send(port, first + sent).statusCode() != 200) {
                    return sent;
                }
            } catch (java.util.concurrent.CompletionException e) {
                return sent;
            }
            sent += 10;
            acknowledged.addAndGet(10);
        }
    }

    @Test
    @DisplayName("that can't serve says in one line why, and prints no READY")
    void refuses() throws Exception {
        try (TidalProcess node = start("")) {
            int port = port(node);
            Path other = Files.writeString(
                    work.resolve("other.yaml"),
                    "data_dir: " + work.resolve("other") + "\nhttp: {listen: \"127.0.0.1:" + port + "\"}\n");
            refused(other, "http.listen 127.0.0.1:" + port + " can't be listened on", "INVALID_CONFIGURATION");
            refused(configuration(""), "DIRECTORY_LOCKED");
            refused(configuration("wal: {group_commit_max_wait: 1ms}\n"), "UNSUPPORTED");
            refused(configuration("shards: [{shard: 0, region: 1, node: n0}]\n"), "is in region r0");
            refused(configuration("shards: [{shard: 0, region: 1, node: n7}]\n"), "an address for each of its nodes");
            refused(configuration("auth: {tokens: " + work.resolve("none.json") + "}\n"), "does not exist");
            refused(configuration("tls: x\n"), "key \"tls\" is unknown");
            refused(work.resolve("none.yaml"), "does not exist");
            assertThat(json(port, "GET", "/readyz", "").get("status").asText()).isEqualTo("ready");
        }
    }

    @Test
    @DisplayName("that waits for a majority is not ready, says what it waits for, and ends when it is told to")
    void waitsForOthers() throws Exception {
        int port = FreePorts.one();
        Path file = Files.writeString(work.resolve("one.yaml"), """
                data_dir: %s
                http: {listen: "127.0.0.1:%d"}
                transport: {listen: "127.0.0.1:0"}
                peers: {n1: "127.0.0.1:1", n2: "127.0.0.1:2"}
                """.formatted(work.resolve("one"), port));
        try (TidalProcess node = TidalProcess.start(work.resolve("one.txt"), "node", "--config", file)) {
            Await.until(() -> node.errors()
                            .contains(
                                    "waits for its cluster, or for all of [n0, n1, n2] to make one: it has no link to [n1, n2]")
                    || !node.isAlive());
            assertThat(node.isAlive()).as(node.errors()).isTrue();
            for (String path : List.of("/readyz", "/v1/tenants")) {
                HttpResponse<String> answer = call(port, "GET", path, "application/json", "");
                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.body()).contains("starting; it needs a majority of itself and [n1, n2]");
            }
            node.terminate();
            assertThat(node.line()).isNull();
            assertThat(node.exitCode()).isZero();
        }
    }

    private void refused(Path configuration, String... reasons) throws Exception {
        try (TidalProcess node = TidalProcess.start(work.resolve("refused.txt"), "node", "--config", configuration)) {
            assertThat(node.line()).isNull();
            assertThat(node.exitCode()).isEqualTo(1);
            assertThat(node.errors()).contains(reasons).doesNotContain("\tat ");
        }
    }

    @Test
    @DisplayName("with tokens, whole: made on the command line, asked for over HTTP, never in the log")
    void tokens() throws Exception {
        Path file = work.resolve("tokens.json");
        String token = Cli.run("token", "create", "--tokens", file, "--scope", "operator", "--output", "json")
                .done()
                .json()
                .get("token")
                .asText();
        try (TidalProcess node = start("auth: {tokens: " + file + "}\n")) {
            int port = port(node);
            assertThat(call(port, "GET", "/v1/tenants", "application/json", "").statusCode())
                    .isEqualTo(401);
            assertThat(call(port, "GET", "/v1/tenants", "application/json", "", "Authorization", "Bearer " + token)
                            .statusCode())
                    .isEqualTo(200);
            String id = Cli.run("token", "list", "--tokens", file, "--output", "json")
                    .done()
                    .json()
                    .at("/tokens/0/id")
                    .asText();
            Cli.run("token", "revoke", "--tokens", file, id).done();
            while (call(port, "GET", "/v1/tenants", "application/json", "", "Authorization", "Bearer " + token)
                            .statusCode()
                    == 200) {
                assertThat(node.isAlive()).isTrue();
            }
            node.terminate();
            assertThat(node.exitCode()).isZero();
            assertThat(node.errors()).doesNotContain(token, token.substring(19));
        }
    }

    @Test
    @DisplayName("is asked by its own configuration whether it serves, and does not when it has ended")
    void probed() throws Exception {
        try (TidalProcess node = start("")) {
            Path file = Files.writeString(
                    work.resolve("probe.yaml"),
                    "data_dir: " + work.resolve("data") + "\nhttp: {listen: \"127.0.0.1:" + port(node) + "\"}\n");
            Cli.run("node", "--config", file, "--probe").done();
            assertThat(Cli.run("node", "--config", configuration(""), "--probe")
                            .ended(2)
                            .err())
                    .contains("any free port can't be probed");
            node.terminate();
            assertThat(node.exitCode()).isZero();
            assertThat(Cli.run("node", "--config", file, "--probe").ended(1).err())
                    .contains("does not serve");
        }
    }

    @Test
    @DisplayName(
            "R-51: a node whose control log has failed for good ends by itself, with 1 and one line that says why; started again it has all")
    void controlLogFails() throws Exception {
        FaultTools.need("strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=fdatasync", "true");
        Path log = work.resolve("data/control/control-00000000000000000001.log");
        List<String> under = List.of(
                "strace",
                "-D",
                "-f",
                "-o",
                "/dev/null",
                "-P",
                log.toString(),
                "-e",
                "trace=fdatasync",
                "-e",
                "inject=fdatasync:error=EIO:when=20+");
        int created = 0;
        try (TidalProcess node =
                TidalProcess.start(under, work.resolve("err.txt"), "node", "--config", configuration(""))) {
            int port = port(node);
            while (call(port, "POST", "/v1/tenants", "application/json", "{\"tenant\":" + (created + 1) + "}")
                            .statusCode()
                    == 201) {
                created++;
                assertThat(created).isLessThan(20);
            }
            assertThat(node.exitCode()).as(node.errors()).isEqualTo(1);
            assertThat(node.errors().lines().filter(line -> line.startsWith("tidal: ")))
                    .singleElement()
                    .asString()
                    .contains("can't decide anything any more", "start it again", "(STORE_FAILED)");
        }
        try (TidalProcess node = start("")) {
            // What the last request came to is not known: it may be there.
            assertThat(json(port(node), "GET", "/v1/tenants", "")
                            .path("tenants")
                            .size())
                    .isBetween(created, created + 1);
        }
    }
}
