package io.tidaldb.transport.netty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-30 connections that are refused")
class RefusedConnectionsTest {

    private static final Limits LIMITS = new Limits(
            Duration.ofMillis(300),
            Duration.ofMillis(600),
            Duration.ofMillis(10),
            Duration.ofMillis(50),
            Duration.ofSeconds(1),
            8,
            4);

    private final LogLines log = new LogLines();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private TestNode node = open("n1", LIMITS);
    private TestNode friend = open("n2", LIMITS);

    private TestNode open(String name, Limits limits) {
        TestNode opened = new TestNode(name, limits);
        this.opened.add(0, opened);
        return opened;
    }

    @BeforeEach
    void link() throws Exception {
        TestNode.link(node, friend);
    }

    @AfterEach
    void closeAll() throws Exception {
        // Whatever was refused, those who are linked stay so and are served.
        assertThat(friend.ask(node, "still there?")).isEqualTo("still there?");
        assertThat(node.events).isEmpty();
        assertThat(friend.events).isEmpty();
        for (AutoCloseable each : opened) {
            each.close();
        }
        log.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.port());
        socket.setSoTimeout((int) TestNode.PATIENCE.toMillis());
        opened.add(0, socket);
        return socket;
    }

    private static String who(Socket socket) {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    private void expectClosed(Socket socket) throws IOException {
        try {
            while (socket.getInputStream().read() >= 0) {
                // What it says before it closes does not matter here.
            }
        } catch (IOException e) {
            // Reset is closed, too.
            assertThat(e).hasMessageContaining("reset");
        }
    }

    private void expectRefused(Socket socket, String... why) throws IOException {
        expectClosed(socket);
        String line = log.await(why);
        assertThat(line).contains(who(socket)).startsWith("node n1 closed the connection of");
        assertThat(log.of(who(socket))).hasSize(1);
    }

    private static ByteBuffer greeting(int version, int kind, int length, byte[] body) {
        return ByteBuffer.allocate(Greeting.HEADER_BYTES + body.length)
                .putInt(Greeting.MAGIC)
                .putShort((short) version)
                .put((byte) kind)
                .put((byte) 0)
                .putInt(length)
                .put(body)
                .flip();
    }

    private static byte[] hello(String cluster, String node, String expected) {
        byte[] c = cluster.getBytes(UTF_8);
        byte[] n = node.getBytes(US_ASCII);
        byte[] e = expected.getBytes(US_ASCII);
        return ByteBuffer.allocate(22 + c.length + n.length + e.length)
                .putInt(4711)
                .putLong(0)
                .putInt(1 << 20)
                .putShort((short) c.length)
                .put(c)
                .putShort((short) n.length)
                .put(n)
                .putShort((short) e.length)
                .put(e)
                .array();
    }

    private static ByteBuffer greeting(int kind, byte[] body) {
        return greeting(Frame.VERSION, kind, body.length, body);
    }

    private static void write(Socket socket, ByteBuffer bytes) throws IOException {
        socket.getOutputStream().write(bytes.array(), 0, bytes.remaining());
        socket.getOutputStream().flush();
    }

    private static byte[] read(Socket socket, int bytes) throws IOException {
        byte[] read = socket.getInputStream().readNBytes(bytes);
        if (read.length < bytes) {
            throw new EOFException("closed after " + read.length + " of " + bytes + " bytes");
        }
        return read;
    }

    private static ByteBuffer readGreeting(Socket socket) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(read(socket, Greeting.HEADER_BYTES));
        return ByteBuffer.wrap(read(socket, header.getInt(Greeting.LENGTH_OFFSET)));
    }

    /** Plays a peer up to the point at which the link stands. */
    private Socket linked(String name) throws Exception {
        node.transport.addPeer(NodeId.of(name), "127.0.0.1:1");
        Socket socket = connect();
        write(socket, greeting(Greeting.HELLO, hello("test", name, "n1")));
        readGreeting(socket);
        readGreeting(socket);
        node.expect("up " + name);
        return socket;
    }

    private static ByteBuffer frame(int length, int version, int kind, int zero, byte[] body) {
        return ByteBuffer.allocate(Frame.HEADER_BYTES + body.length)
                .putInt(length)
                .put((byte) version)
                .put((byte) kind)
                .putShort((short) zero)
                .putInt(0)
                .putInt(0)
                .put(body)
                .flip();
    }

    @Test
    @DisplayName(
            "R-30 whoever is no node of Tidal is told so by its first bytes, which are logged and cannot forge a line")
    void garbage() throws Exception {
        Socket socket = connect();
        write(socket, ByteBuffer.wrap("GET / HTTP/1.1\r\nnode n9 is linked\r\n\r\n".getBytes(US_ASCII)));
        expectRefused(socket, "begins with the bytes 47455420");
    }

    @Test
    @DisplayName("R-30 bytes of TLS at a node without it are refused before they are taken for a length")
    void tlsBytes() throws Exception {
        Socket socket = connect();
        write(socket, ByteBuffer.wrap(new byte[] {0x16, 3, 1, 2, 0, 1, 0, 1, (byte) 0xFC, 3, 3}));
        expectRefused(socket, "begins with the bytes 16030102", "TLS");
    }

    @Test
    @DisplayName("R-30 random bytes are refused, whatever they are")
    void randomBytes() throws Exception {
        Random random = new Random(5);
        for (int i = 0; i < 40; i++) {
            byte[] bytes = new byte[12 + random.nextInt(4000)];
            random.nextBytes(bytes);
            if (i % 2 == 0) {
                // One that gets further: a header in order, and then anything.
                ByteBuffer.wrap(bytes)
                        .putInt(Greeting.MAGIC)
                        .putShort((short) Frame.VERSION)
                        .put((byte) random.nextInt(5))
                        .put((byte) 0)
                        .putInt(random.nextInt(bytes.length - 11));
            }
            Socket socket = connect();
            write(socket, ByteBuffer.wrap(bytes));
            expectRefused(socket, who(socket));
        }
    }

    @Test
    @DisplayName("R-30 another protocol version is refused, and both versions are named, here and there")
    void wrongVersion() throws Exception {
        Socket socket = connect();
        write(socket, greeting(7, Greeting.HELLO, 0, new byte[0]));
        ByteBuffer refused = readGreeting(socket);
        assertThat(UTF_8.decode(refused.position(3)).toString()).contains("version 7", "version 1");
        expectRefused(socket, "it speaks protocol version 7, this node version 1");
    }

    @Test
    @DisplayName("R-30 a greeting that is too long is refused by its length")
    void oversizedGreeting() throws Exception {
        for (int length : new int[] {Greeting.MAX_BODY_BYTES + 1, -1, Integer.MAX_VALUE}) {
            Socket socket = connect();
            write(socket, greeting(Frame.VERSION, Greeting.HELLO, length, new byte[0]));
            expectRefused(socket, "a greeting of " + Integer.toUnsignedString(length) + " bytes", who(socket));
        }
    }

    @Test
    @DisplayName("R-30 a hello that is cut short, has bytes too many or no proper name is refused")
    void malformedHello() throws Exception {
        byte[] good = hello("test", "n2", "n1");
        Socket cut = connect();
        write(cut, greeting(Greeting.HELLO, Arrays.copyOf(good, good.length - 1)));
        expectRefused(cut, "cut short", who(cut));
        Socket more = connect();
        write(more, greeting(Greeting.HELLO, Arrays.copyOf(good, good.length + 1)));
        expectRefused(more, "1 bytes too many", who(more));
        Socket name = connect();
        write(name, greeting(Greeting.HELLO, hello("test", "n2\nfake", "n1")));
        expectRefused(name, "node name \"n2?fake\" is not valid", who(name));
    }

    @Test
    @DisplayName(
            "R-30 a node of another cluster, one that wants another, one that is none of the peers, and this one are refused")
    void wrongIdentity() throws Exception {
        Socket cluster = connect();
        write(cluster, greeting(Greeting.HELLO, hello("prod\r\nnode n1 is fine", "n2", "n1")));
        expectRefused(cluster, "it is node n2 of cluster \"prod??node n1 is fine\"; this is cluster \"test\"");
        Socket expected = connect();
        write(expected, greeting(Greeting.HELLO, hello("test", "n2", "n3")));
        expectRefused(expected, "node n2 expects node n3; this is node n1");
        Socket stranger = connect();
        write(stranger, greeting(Greeting.HELLO, hello("test", "n7", "n1")));
        expectRefused(stranger, "node n7 is no peer of node n1");
        Socket self = connect();
        write(self, greeting(Greeting.HELLO, hello("test", "n1", "n1")));
        expectRefused(self, "it says that it is node n1, which is this one");
    }

    @Test
    @DisplayName("R-30 go without hello is refused")
    void outOfTurn() throws Exception {
        Socket socket = connect();
        write(socket, greeting(Greeting.GO, new byte[8]));
        expectRefused(socket, "a Go out of turn");
    }

    @Test
    @DisplayName("R-30 whoever says nothing, or goes on too slowly, is closed when the time for the handshake is over")
    void slowHandshake() throws Exception {
        Socket silent = connect();
        Socket slow = connect();
        write(
                slow,
                ByteBuffer.wrap(
                                greeting(Greeting.HELLO, hello("test", "n2", "n1"))
                                        .array(),
                                0,
                                9)
                        .slice());
        expectRefused(silent, "its handshake was not over within 300 ms", who(silent));
        expectRefused(slow, "its handshake was not over within 300 ms", who(slow));
    }

    @Test
    @DisplayName("R-30 a connection that ends within its handshake is told of, and nothing is left of it")
    void truncatedHandshake() throws Exception {
        Socket socket = connect();
        write(socket, greeting(Frame.VERSION, Greeting.HELLO, 60, new byte[10]));
        socket.shutdownOutput();
        expectRefused(socket, "it ended before its handshake was over");
    }

    @Test
    @DisplayName("R-30 no more connections than may be are waited for, and none at all beyond the total")
    void tooMany() throws Exception {
        List<Socket> waiting = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            waiting.add(connect());
        }
        log.await("4 connections have not finished their handshake yet");
        for (Socket socket : waiting) {
            expectClosed(socket);
        }
        // All have ended, so that there is room again.
        for (Socket socket : waiting) {
            log.await(who(socket));
        }
        Socket late = connect();
        write(late, ByteBuffer.wrap(new byte[12]));
        expectRefused(late, "begins with", who(late));
        int linked = 0;
        while (log.of("there are 8 connections already").isEmpty()) {
            try {
                linked("p" + linked);
                assertThat(++linked).isLessThanOrEqualTo(8);
            } catch (IOException e) {
                log.await("there are 8 connections already");
            }
        }
        // The link to the friend may be one of them.
        assertThat(linked).isGreaterThanOrEqualTo(7);
    }

    @Test
    @DisplayName("R-30 a frame that is too large is refused by its length, before memory is taken for it")
    void oversizedFrame() throws Exception {
        int name = 3;
        for (int length : new int[] {TestNode.MAX_MESSAGE + 13, Integer.MAX_VALUE, -1, 11, 0}) {
            Socket socket = linked("p" + name);
            write(socket, frame(length, Frame.VERSION, Frame.MESSAGE, 0, new byte[20]));
            expectClosed(socket);
            log.await("a frame of " + Integer.toUnsignedString(length) + " bytes; expected 12 to 65548", who(socket));
            node.expect("down p" + name++);
        }
    }

    @Test
    @DisplayName(
            "R-30 a frame of another version, of no known kind, or with something where nothing belongs ends the link")
    void damagedFrame() throws Exception {
        Socket version = linked("p3");
        write(version, frame(12, 9, Frame.MESSAGE, 0, new byte[0]));
        expectClosed(version);
        log.await("a frame of protocol version 9; this node speaks version 1", "node p3 at " + who(version));
        node.expect("down p3");
        Socket kind = linked("p4");
        write(kind, frame(12, Frame.VERSION, 99, 0, new byte[0]));
        expectClosed(kind);
        log.await("a frame of kind 99; expected 1 to 5");
        node.expect("down p4");
        Socket zero = linked("p5");
        write(zero, frame(12, Frame.VERSION, Frame.MESSAGE, 3, new byte[0]));
        expectClosed(zero);
        log.await("a frame with 3 where zero is expected");
        node.expect("down p5");
    }

    @Test
    @DisplayName(
            "R-30 frames arrive whole however the network cuts them, and one that is cut off for ever does not arrive")
    void cutFrames() throws Exception {
        Socket socket = linked("p3");
        socket.setTcpNoDelay(true);
        byte[] body = "one two three".getBytes(US_ASCII);
        byte[] whole =
                frame(12 + body.length, Frame.VERSION, Frame.MESSAGE, 0, body).array();
        for (byte each : whole) {
            socket.getOutputStream().write(each);
        }
        node.expect("p3: one two three");
        socket.getOutputStream().write(whole, 0, whole.length - 1);
        socket.close();
        node.expect("down p3");
    }

    @Test
    @DisplayName(
            "R-30 a link on which nothing comes any more, though nobody has closed it, is closed and reported down")
    void halfOpen() throws Exception {
        Socket socket = linked("p3");
        node.expect("down p3");
        log.await("node p3 at " + who(socket), "nothing came from it for 600 ms");
        // It was heard until then: several heartbeats came.
        byte[] beat = read(socket, Frame.HEADER_BYTES);
        assertThat(beat[5]).isEqualTo((byte) Frame.HEARTBEAT);
        expectClosed(socket);
    }

    @Test
    @DisplayName(
            "R-30 a failure with a code that is not known here leaves the asker as much hope, and one cut short is one")
    void foreignFailures() {
        ByteBuffer foreign = ByteBuffer.allocate(64)
                .put((byte) 1)
                .put((byte) 8)
                .put("NEW_CODE".getBytes(US_ASCII))
                .put("of the future".getBytes(US_ASCII))
                .flip();
        assertThat(Failures.decode(foreign))
                .hasMessageContaining("\"NEW_CODE\"")
                .hasMessageContaining("of the future")
                .extracting(TidalException::code)
                .isEqualTo(ErrorCode.PEER_UNAVAILABLE);
        assertThat(Failures.decode(ByteBuffer.wrap(new byte[] {0, 20, 'A'}))).hasMessageContaining("cut short");
    }

    @Test
    @DisplayName("R-30 a flood of refused connections does not flood the log")
    void floodOfLines() {
        Refusals refusals = new Refusals("n9", 0);
        for (int i = 0; i < 1000; i++) {
            refusals.say("nobody", "flood", 0);
        }
        assertThat(log.of("flood")).hasSize(50);
        refusals.say("nobody", "flood", 1_000_000_000);
        assertThat(log.of("flood")).hasSize(51).last().asString().contains("950 like it went unsaid");
    }
}
