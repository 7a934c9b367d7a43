package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.server.http.exchange.MediaTypes;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Requests that nobody should make")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileRequestsTest {

    private static final String SIGNALS = "/v1/tenants/1/signals";

    private TestServer server;

    @BeforeAll
    void start(@TempDir Path directory) {
        server = TestServer.start(directory, "limits: {body_bytes: 64KiB}\n");
        server.json("POST", "/v1/tenants", "{\"tenant\":1}").is(201);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    static List<String> bodies() {
        return List.of(
                "",
                " ",
                "null",
                "0",
                "\"x\"",
                "{}",
                "[",
                "[[",
                "[{}]",
                "[null]",
                "[1]",
                "[{\"signal\":1}]",
                "[{\"signal\":{},\"entity\":1}]",
                "[{\"signal\":\"view\",\"entity\":-1}]",
                "[{\"signal\":\"view\",\"entity\":1.5}]",
                "[{\"signal\":\"view\",\"entity\":18446744073709551616}]",
                "[{\"signal\":\"view\",\"entity\":1e400}]",
                "[{\"signal\":\"view\",\"entity\":1,\"weight\":1e400}]",
                "[{\"signal\":\"view\",\"entity\":1,\"weight\":\"NaN\"}]",
                "[{\"signal\":\"view\",\"entity\":1,\"weight\":NaN}]",
                "[{\"signal\":\"view\",\"entity\":1,\"weight\":\"0x1p3\"}]",
                "[{\"signal\":\"view\",\"entity\":1,\"ts\":\"yesterday\"}]",
                "[{\"signal\":\"view\",\"entity\":1,\"ts\":-5}]",
                "[{\"signal\":\"view\",\"entity\":1,\"ts\":\"2999-01-01T00:00:00Z\"}]",
                "[{\"signal\":\"view\",\"entity\":1,\"tenant\":2}]",
                "[{\"signal\":\"view\",\"entity\":1,\"entity\":2}]",
                "[{\"signal\":\"view\",\"entity\":1,\"@class\":\"java.lang.Runtime\"}]",
                "[{\"signal\":\"view\",\"entity_name\":\"\"}]",
                "[{\"signal\":\"view\",\"entity_name\":\"\\ud800\"}]",
                "[{\"signal\":\"view\",\"entity\":1}] x",
                "[{\"signal\":\"view\",\"entity\":1}",
                "[{\"signal\":\"\u0000\",\"entity\":1}]",
                "[{\"signal\":\"view\",\"entity\":" + "9".repeat(10_000) + "}]",
                "[{\"signal\":\"" + "v".repeat(40_000) + "\",\"entity\":1}]",
                // What looks like UTF-32, and ends within a character.
                "\u0000\u0000\u0000[\u0000",
                "[".repeat(30_000),
                "{\"a\":".repeat(10_000));
    }

    @ParameterizedTest
    @MethodSource("bodies")
    @DisplayName("are refused as the sender's fault, as an array, as NDJSON and as any other body; nothing is recorded")
    void badBodies(String body) {
        int before = total();
        refused(server.json("POST", SIGNALS, body));
        if (!body.isBlank()) {
            refused(server.ndjson(SIGNALS, body));
        }
        refused(server.json("POST", "/v1/tenants/1/reads", body));
        refused(server.json("POST", "/v1/tokens", body));
        refused(server.json("POST", "/v1/signals", body));
        TestServer.Answer created = server.json("POST", "/v1/tenants", body);
        if (!body.equals("{}")) {
            refused(created);
            refused(server.json("PATCH", "/v1/tenants/1", body));
        }
        assertThat(total()).isEqualTo(before);
    }

    private int total() {
        return server.get("/v1/tenants/1/signals/view")
                .is(200)
                .json()
                .get("total")
                .asInt();
    }

    private static void refused(TestServer.Answer answer) {
        assertThat(answer.status()).as(answer.text()).isBetween(400, 499);
        assertThat(answer.text()).doesNotContain("Exception", "java.", "at io.");
        assertThat(answer.text().length()).isLessThan(2_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/tenants/x",
                "/v1/tenants/-1",
                "/v1/tenants/18446744073709551616",
                "/v1/tenants/%00",
                "/v1/tenants/1%2F..%2F2",
                "/v1/tenants/..;/2",
                "/v1/tenants/1/",
                "//v1/tenants/1",
                "/V1/tenants/1",
                "/v1/tenants/1/entities/x/signals/view",
                "/v1/tenants/1/entities/1/signals/nope",
                "/v1/tenants/1/entities/1/signals/view?at=never",
                "/v1/tenants/1/entities/1/signals/view?at=1&at=2",
                "/v1/tenants/1/entities/1/signals/view?min_position=x",
                "/v1/tenants/1/entities/1/signals/view?region=70000",
                "/v1/tenants/1/entities/1/signals/view?region=7",
                "/v1/tenants/1/entities/1/signals/view?by=magic",
                "/v1/tenants/987654321/export",
                "/v1/tenants/1/export?from=1",
                "/v1/signals?tenant=1",
                "/v1/tokens/..%2F..%2Fetc",
                "/v1/tenants/1/top",
                "/v1/tenants/1/top?signal=view&k=0",
                "/v1/tenants/1/top?signal=view&k=10001",
                "/v1/tenants/1/top?signal=view&k=99999999999",
                "/v1/tenants/1/top?signal=view&verbose=true",
                "/v1/tenants/1/signals/%F0%9F%92%A9",
                "/v1/tenants/987654321",
                "/metrics?x=1",
                "/nope"
            })
    @DisplayName("with wrong paths and parameters are refused as the sender's fault")
    void badPaths(String path) throws IOException {
        String answer = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assertThat(answer)
                .startsWith("HTTP/1.1 4")
                .contains("application/problem+json")
                .doesNotContain("Exception");
    }

    @Test
    @DisplayName("with random bytes never make the server fail")
    void fuzz() throws IOException {
        long seed = 20261121;
        Random random = new Random(seed);
        String valid = "[{\"signal\":\"view\",\"entity\":42,\"weight\":1.5,\"ts\":\"2026-01-01T00:00:00Z\"}]";
        for (int run = 0; run < 400; run++) {
            byte[] body = valid.getBytes(StandardCharsets.UTF_8);
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                body[random.nextInt(body.length)] = (byte) random.nextInt(256);
            }
            String type = random.nextBoolean() ? MediaTypes.JSON : MediaTypes.NDJSON;
            String path = List.of(SIGNALS, "/v1/tenants", "/v1/tenants/1/reads", "/v1/signals", "/v1/tokens")
                    .get(random.nextInt(5));
            String text = new String(body, StandardCharsets.ISO_8859_1);
            TestServer.Answer answer = server.call("POST", path, type, text);
            assertThat(answer.status())
                    .as("seed %d run %d: %s", seed, run, text)
                    .isLessThan(500);
        }
    }

    @Test
    @DisplayName("that are too large are refused, whether they say so or not")
    void tooLarge() throws IOException {
        String large = "[" + " ".repeat(70_000) + "]";
        assertThat(server.json("POST", SIGNALS, large).is(413).code()).isEqualTo("BODY_TOO_LARGE");
        String chunk = Integer.toHexString(large.length()) + "\r\n" + large + "\r\n0\r\n\r\n";
        assertThat(raw("POST " + SIGNALS
                        + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + chunk))
                .startsWith("HTTP/1.1 413");
        assertThat(
                        raw(
                                "POST " + SIGNALS
                                        + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 999999999999\r\n\r\n"))
                .startsWith("HTTP/1.1 413");
        assertThat(raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(20_000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
    }

    @Test
    @DisplayName("with bodies of unknown type or encoding are refused")
    void types() {
        assertThat(server.call("POST", SIGNALS, "text/csv", "x").is(415).code()).isEqualTo("UNSUPPORTED_MEDIA_TYPE");
        assertThat(server.call("POST", SIGNALS, null, "[]").is(415).code()).isEqualTo("UNSUPPORTED_MEDIA_TYPE");
        server.call("POST", SIGNALS, MediaTypes.JSON, "[]", "Content-Encoding", "gzip")
                .is(415);
        server.call("POST", SIGNALS, MediaTypes.JSON, "[]", "Idempotency-Key", "k".repeat(300))
                .is(400);
        assertThat(server.call("PUT", "/v1/tenants/1", null, "").is(405).code()).isEqualTo("METHOD_NOT_ALLOWED");
    }

    @Test
    @DisplayName(
            "that never end their bodies leave the server to the others; so many are taken, and more when some are over")
    void slow() throws IOException {
        String signals = "[{\"signal\":\"view\",\"entity\":1}]";
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 120; i++) {
                slow.add(
                        sending(
                                server,
                                "POST " + SIGNALS
                                        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 50000\r\n\r\n{"));
            }
            for (int i = 0; i < 20; i++) {
                server.get("/v1/tenants/1").is(200);
            }
            TestServer.Answer refused = server.json("POST", SIGNALS, signals);
            while (refused.status() == 200) {
                refused = server.json("POST", SIGNALS, signals);
            }
            refused.is(503);
            assertThat(refused.text()).contains("uploads under way", "try again");
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        long begin = System.nanoTime();
        while (server.json("POST", SIGNALS, signals).status() == 503) {
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMinutes(1));
        }
        server.json("POST", SIGNALS, signals).is(200);
    }

    @Test
    @DisplayName("that never end their headers leave the server to the others")
    void slowHeaders() throws IOException {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 400; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port());
                slow.add(socket);
                socket.getOutputStream().write("GET /v1/tenants/1 HTTP/1.1\r\nHo".getBytes(StandardCharsets.US_ASCII));
            }
            for (int i = 0; i < 20; i++) {
                server.get("/v1/tenants/1").is(200);
                for (Socket socket : slow.subList(0, 50)) {
                    socket.getOutputStream().write('s');
                }
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    @DisplayName("whose headers come byte by byte are hung up on, those that wait or send bodies are not")
    void endlessHeaders(@TempDir Path directory) throws IOException {
        String begin = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
        String array = "[{\"signal\":\"view\",\"entity\":1}]";
        try (TestServer impatient = TestServer.start(directory, "limits: {header_timeout: 3s}\n")) {
            impatient.json("POST", "/v1/tenants", "{\"tenant\":1}").is(201);
            try (Socket idle = sending(impatient, begin + "\r\n");
                    Socket second = sending(impatient, begin + "\r\n");
                    Socket body = sending(
                            impatient,
                            "POST " + SIGNALS + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    + "Content-Length: " + (array.length() + 100_000) + "\r\n\r\n");
                    Socket slow = sending(impatient, begin)) {
                assertThat(head(idle)).startsWith("HTTP/1.1 200");
                assertThat(head(second)).startsWith("HTTP/1.1 200");
                send(second, begin);
                int sent = 0;
                boolean hungUp = false;
                while (sent < 90_000 && !hungUp) {
                    send(body, " ");
                    sent++;
                    dribble(slow);
                    dribble(second);
                    hungUp = isHungUp(slow) && isHungUp(second);
                }
                assertThat(hungUp).isTrue();
                send(body, array + " ".repeat(100_000 - sent));
                assertThat(head(body)).startsWith("HTTP/1.1 200");
                send(idle, begin + "\r\n");
                assertThat(head(idle)).startsWith("HTTP/1.1 200");
            }
        }
    }

    private static Socket sending(TestServer server, String text) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port());
        send(socket, text);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void dribble(Socket socket) {
        try {
            send(socket, "a");
        } catch (IOException e) {
            // It was hung up on, which is what is looked for.
        }
    }

    /** Waits for up to a tenth of a second. */
    private static boolean isHungUp(Socket socket) throws IOException {
        socket.setSoTimeout(100);
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (java.net.SocketException e) {
            return true;
        }
    }

    /** Returns an answer's head, and reads its body. */
    private static String head(Socket socket) throws IOException {
        socket.setSoTimeout(60_000);
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            assertThat(next).as(head.toString()).isNotNegative();
            head.append((char) next);
        }
        int length = Integer.parseInt(head.toString().replaceAll("(?si).*content-length: (\\d+).*", "$1"));
        assertThat(socket.getInputStream().readNBytes(length)).hasSize(length);
        return head.toString();
    }

    @Test
    @DisplayName("for another host than this machine are refused where no tokens are asked for")
    void rebinding() throws IOException {
        assertThat(raw("GET /v1/tenants HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 403");
        assertThat(raw("GET /v1/tenants HTTP/1.1\r\nHost: 127.0.0.1:7400\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\r\n\r\n",
                "X\r\n\r\n",
                "GET / HTTP/9.9\r\n\r\n",
                "GET /\u0000 HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost\r\n\r\n"
            })
    @DisplayName("that are no HTTP are answered without a word about the server")
    void noHttp(String request) throws IOException {
        assertThat(raw(request)).doesNotContain("Jetty", "jetty", "Exception").doesNotStartWith("HTTP/1.1 500");
    }

    /** Sends bytes and returns all that comes back until the server hangs up. */
    private String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();
            try (InputStream in = socket.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            } catch (java.net.SocketException e) {
                // It hung up on what it did not want to read.
                return "";
            }
        }
    }
}
