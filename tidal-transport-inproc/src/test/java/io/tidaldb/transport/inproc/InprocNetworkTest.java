package io.tidaldb.transport.inproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.testkit.VirtualTime;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A disturbed network")
class InprocNetworkTest {

    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");

    private final VirtualTime time = new VirtualTime();
    private final InprocNetwork network = new InprocNetwork();
    private final Recorder a = new Recorder(A);
    private final Recorder b = new Recorder(B);

    private final class Recorder implements TransportHandler {

        final Transport transport;
        final List<String> seen = new ArrayList<>();

        Recorder(NodeId id) {
            transport =
                    new InprocTransportFactory(network).create(new TransportContext(id, "", 1 << 10, 1 << 10, time));
        }

        @Override
        public void peerUp(NodeId peer) {
            seen.add("up");
        }

        @Override
        public void peerDown(NodeId peer) {
            seen.add("down");
        }

        @Override
        public void message(NodeId peer, ByteBuffer message) {
            seen.add(UTF_8.decode(message).toString());
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
            return CompletableFuture.completedFuture(message);
        }

        @Override
        public void writable(NodeId peer) {
            seen.add("writable");
        }

        /** Returns what was seen since the last call. */
        List<String> seen() {
            List<String> all = List.copyOf(seen);
            seen.clear();
            return all;
        }
    }

    @BeforeEach
    void link() {
        a.transport.start(a);
        b.transport.start(b);
        a.transport.addPeer(B, "b");
        b.transport.addPeer(A, "a");
        time.runDue();
        assertThat(a.seen()).containsExactly("up");
        assertThat(b.seen()).containsExactly("up");
    }

    private void send(String... messages) {
        for (String message : messages) {
            assertThat(a.transport.send(B, ByteBuffer.wrap(message.getBytes(UTF_8))))
                    .isTrue();
        }
    }

    @Test
    @DisplayName("delays keep the order of a link, whatever each message's own")
    void delays() {
        int[] millis = {30, 10, 20};
        network.faults((from, to, message) -> new Fate(Duration.ofMillis(millis[message.get(0) - '0']), 1, false));
        send("0", "1", "2");
        time.runFor(Duration.ofMillis(29));
        assertThat(b.seen()).isEmpty();
        time.runFor(Duration.ofMillis(1));
        assertThat(b.seen()).containsExactly("0", "1", "2");
    }

    @Test
    @DisplayName("messages can be lost, doubled, spoilt and overtaken")
    void unfaithful() {
        network.faults((from, to, message) -> switch (message.get(0)) {
            case 'l' -> new Fate(Duration.ZERO, 0, false);
            case 'd' -> new Fate(Duration.ZERO, 2, false);
            case 's' -> {
                message.put(0, (byte) '?');
                yield Fate.NORMAL;
            }
            case 'o' -> new Fate(Duration.ZERO, 1, true);
            default -> new Fate(Duration.ofMillis(1), 1, false);
        });
        send("lost", "tardy", "overtaking", "double", "spoilt");
        time.runFor(Duration.ofMillis(1));
        assertThat(b.seen()).containsExactly("overtaking", "tardy", "double", "double", "?poilt");
    }

    @Test
    @DisplayName("a block that heals before anybody notices only delays")
    void shortBlock() {
        network.detection(Duration.ofSeconds(1));
        try (InprocNetwork.Block block = network.block(A, B)) {
            send("held");
            time.runFor(Duration.ofMillis(500));
            assertThat(b.seen()).isEmpty();
            assertThat(block.lost()).isEqualTo(1);
        }
        time.runFor(Duration.ofSeconds(2));
        assertThat(b.seen()).containsExactly("held");
        assertThat(a.seen()).isEmpty();
    }

    @Test
    @DisplayName(
            "a block of one direction takes the link down on both sides, loses what was sent, and ends with a new link")
    void longBlock() {
        network.detection(Duration.ofSeconds(1));
        try (InprocNetwork.Block block = network.block(A, B)) {
            send("lost", "lost");
            time.runFor(Duration.ofSeconds(2));
            assertThat(a.seen()).containsExactly("down");
            assertThat(b.seen()).containsExactly("down");
            assertThat(a.transport.send(B, ByteBuffer.allocate(1))).isFalse();
            assertThat(block.lost()).isEqualTo(2);
        }
        time.runDue();
        assertThat(a.seen()).containsExactly("up");
        send("after");
        time.runDue();
        assertThat(b.seen()).containsExactly("up", "after");
    }

    @Test
    @DisplayName("what is under way when a link is reset is lost, and both sides are told before the next link")
    void disconnect() {
        network.faults((from, to, message) -> new Fate(Duration.ofMillis(10), 1, false));
        send("lost");
        network.disconnect(A, B);
        send("kept");
        time.runFor(Duration.ofMillis(20));
        assertThat(a.seen()).containsExactly("down", "up");
        assertThat(b.seen()).containsExactly("down", "up", "kept");
    }

    @Test
    @DisplayName("a slow link fills its queue and says when there is room")
    void slow() {
        network.faults((from, to, message) -> new Fate(Duration.ofMillis(10), 1, false));
        byte[] quarter = new byte[256];
        for (int i = 0; i < 4; i++) {
            assertThat(a.transport.send(B, ByteBuffer.wrap(quarter))).isTrue();
        }
        assertThat(a.transport.send(B, ByteBuffer.wrap(quarter))).isFalse();
        time.runFor(Duration.ofMillis(10));
        assertThat(a.seen()).containsExactly("writable");
        assertThat(a.transport.send(B, ByteBuffer.wrap(quarter))).isTrue();
    }

    @Test
    @DisplayName("two blocks of one direction end with the last, and a second close does nothing")
    void blocksOverlap() {
        InprocNetwork.Block one = network.block(A, B);
        InprocNetwork.Block other = network.block(A, B);
        time.runDue();
        assertThat(a.seen()).containsExactly("down");
        one.close();
        one.close();
        time.runDue();
        assertThat(a.seen()).isEmpty();
        other.close();
        time.runDue();
        assertThat(a.seen()).containsExactly("up");
    }

    @Test
    @DisplayName("silence that ended is forgotten: the next one is noticed after the whole time")
    void blockAgain() {
        network.detection(Duration.ofSeconds(1));
        network.block(A, B).close();
        time.runFor(Duration.ofMillis(900));
        network.block(A, B);
        time.runFor(Duration.ofMillis(900));
        assertThat(a.seen()).isEmpty();
        time.runFor(Duration.ofMillis(100));
        assertThat(a.seen()).containsExactly("down");
    }

    @Test
    @DisplayName("a node that crashes says nothing any more; what it sent arrives, and its peers notice after a while")
    void crash() {
        network.detection(Duration.ofSeconds(1));
        network.faults((from, to, message) -> new Fate(Duration.ofMillis(10), 1, false));
        send("last words");
        CompletableFuture<ByteBuffer> open = b.transport
                .request(A, ByteBuffer.wrap("asked".getBytes(UTF_8)), Duration.ofMinutes(1))
                .toCompletableFuture();
        network.crash(A);
        assertThat(a.transport.send(B, ByteBuffer.allocate(1))).isFalse();
        time.runFor(Duration.ofMillis(999));
        assertThat(b.seen()).containsExactly("last words");
        assertThat(b.transport.send(A, ByteBuffer.allocate(1))).isTrue();
        assertThat(open).isNotDone();
        time.runFor(Duration.ofMillis(1));
        assertThat(b.seen()).containsExactly("down");
        assertThat(open).isCompletedExceptionally();
        assertThat(a.seen()).isEmpty();
    }

    @Test
    @DisplayName(
            "a node that is back before its crash was noticed has a new link, and its peers are told of the end of the old one")
    void comesBackSoon() {
        network.detection(Duration.ofSeconds(1));
        network.crash(A);
        Recorder again = new Recorder(A);
        again.transport.start(again);
        again.transport.addPeer(B, "b");
        time.runDue();
        assertThat(b.seen()).containsExactly("down", "up");
        assertThat(again.seen()).containsExactly("up");
        assertThat(b.transport.send(A, ByteBuffer.wrap("hello".getBytes(UTF_8))))
                .isTrue();
        time.runFor(Duration.ofSeconds(2));
        assertThat(again.seen()).containsExactly("hello");
        assertThat(b.seen()).isEmpty();
    }
}
