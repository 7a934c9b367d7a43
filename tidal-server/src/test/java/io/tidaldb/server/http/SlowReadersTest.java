package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Clients that do not read their answers")
class SlowReadersTest {

    /** More than the server has threads. */
    private static final int CLIENTS = 170;

    private static final int ENTITIES = 3_000;

    /** More than may be slow at a time, fewer than may listen. */
    private static final int LISTENERS = 40;

    /** More events than sockets take. */
    private static final int MOST_CHANGES = 50_000;

    /** Of answers of hundreds of kilobytes: more than sockets take. */
    private static final int REQUESTS_EACH = 10;

    private final List<Socket> clients = new ArrayList<>();

    @AfterEach
    void disconnect() throws IOException {
        for (Socket each : clients) {
            each.close();
        }
    }

    private Socket connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4 << 10);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        clients.add(socket);
        return socket;
    }

    private static byte[] get(String path) {
        return ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads so many bytes, or until it ends; returns how many it were. */
    private static int read(Socket socket, int bytes) throws IOException {
        socket.setSoTimeout(60_000);
        try {
            return socket.getInputStream().readNBytes(bytes).length;
        } catch (SocketException e) {
            return 0;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/tenants/1/top?signal=view&k=3000", "/v1/tenants/1/export"})
    @DisplayName("leave the server to the others, however many they are")
    void leaveTheServerToOthers(String path, @TempDir Path directory) throws IOException {
        try (TestServer server = TestServer.start(directory, "")) {
            server.json("POST", "/v1/tenants", "{\"tenant\":1}").is(201);
            for (int from = 0; from < ENTITIES; from += 1_000) {
                server.json(
                                "POST",
                                "/v1/tenants/1/signals",
                                IntStream.range(from, from + 1_000)
                                        .mapToObj(entity -> "{\"signal\":\"view\",\"entity_name\":\"" + "x".repeat(100)
                                                + entity + "\"}")
                                        .collect(Collectors.joining(",", "[", "]")))
                        .is(200);
            }
            byte[] requests = new String(get(path), StandardCharsets.US_ASCII)
                    .repeat(REQUESTS_EACH)
                    .getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < CLIENTS; i++) {
                connect(server.server.port()).getOutputStream().write(requests);
            }
            long begin = System.nanoTime();
            for (int i = 0; i < 20; i++) {
                server.get("/v1/tenants/1").is(200);
                server.json("POST", "/v1/tenants/1/signals", "[{\"signal\":\"view\",\"entity\":1}]")
                        .is(200);
            }
            // Nobody waited for the time after which those are cut off that are left.
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(25));
            // One that reads gets all of it.
            assertThat(server.get("/v1/tenants/1/top?signal=view&k=3000")
                            .is(200)
                            .text())
                    .hasSizeGreaterThan(ENTITIES * 100);
        }
    }

    /** Returns whether the server has closed a connection; what is said to one that is open means nothing. */
    private static boolean isGone(Socket client) {
        try {
            client.getOutputStream().write('\n');
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    @DisplayName("of events, are cut off when there are too many; whoever reads is told")
    void streamsOfEvents(@TempDir Path directory) throws Exception {
        try (TestServer server = TestServer.start(directory, "")) {
            server.json("POST", "/v1/tenants", "{\"tenant\":1}").is(201);
            for (int i = 0; i < LISTENERS; i++) {
                connect(server.server.port()).getOutputStream().write(get("/v1/events"));
            }
            for (int changes = 0; clients.stream().noneMatch(SlowReadersTest::isGone); changes += 100) {
                assertThat(changes).isLessThan(MOST_CHANGES);
                for (int i = 0; i < 100; i++) {
                    server.json("PATCH", "/v1/tenants/1", "{\"max_entities\":" + (1_000 + i) + "}")
                            .is(200);
                }
            }
            Socket eager = connect(server.server.port());
            eager.getOutputStream().write(get("/v1/events"));
            eager.setSoTimeout(60_000);
            BufferedReader events =
                    new BufferedReader(new InputStreamReader(eager.getInputStream(), StandardCharsets.UTF_8));
            await(events, "event: health");
            server.json("POST", "/v1/tenants", "{\"tenant\":2}").is(201);
            await(events, "data: {\"change\":\"created\",\"tenant\":\"2\"}");
        }
    }

    private static void await(BufferedReader events, String expected) throws IOException {
        String line = events.readLine();
        while (!expected.equals(line)) {
            assertThat(line).isNotNull();
            line = events.readLine();
        }
    }

    /** Answers each request with so many bytes, in pieces. */
    private static final class Large extends Handler.Abstract {

        private static final int PIECE = 64 << 10;
        private static final int BYTES = 4 << 20;
        private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            ByteBuffer[] pieces = new ByteBuffer[BYTES / PIECE];
            Arrays.setAll(pieces, each -> ByteBuffer.allocate(PIECE));
            Content.Source content = Content.Source.from(pieces);
            Content.copy(content, response, Callback.from(callback::succeeded, failure -> {
                failures.add(failure);
                callback.failed(failure);
            }));
            return true;
        }
    }

    @Test
    @DisplayName("or a byte now and then, are cut off when their time is over; whoever reads gets all of it")
    void cutOff() throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        connector.setAcceptedSendBufferSize(64 << 10);
        server.addConnector(connector);
        SlowReaders readers = new SlowReaders(10, Duration.ofSeconds(1));
        Large large = new Large();
        readers.setHandler(large);
        server.setHandler(readers);
        server.start();
        try {
            Socket idle = connect(connector.getLocalPort());
            idle.getOutputStream().write(get("/"));
            Socket slow = connect(connector.getLocalPort());
            slow.getOutputStream().write(get("/"));
            List<Throwable> failures = new ArrayList<>();
            for (int i = 0; failures.size() < 2 && i < 6_000; i++) {
                read(slow, 1);
                Throwable failure = large.failures.poll(10, TimeUnit.MILLISECONDS);
                if (failure != null) {
                    failures.add(failure);
                }
            }
            assertThat(failures)
                    .hasSize(2)
                    .allSatisfy(failure ->
                            assertThat(failure).hasStackTraceContaining("the client does not read its answer"));
            Socket eager = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
            clients.add(eager);
            eager.getOutputStream().write(get("/"));
            assertThat(read(eager, Large.BYTES)).isEqualTo(Large.BYTES);
        } finally {
            server.stop();
        }
    }
}
