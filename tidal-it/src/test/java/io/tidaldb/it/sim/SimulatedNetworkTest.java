package io.tidaldb.it.sim;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportHandler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A simulated network")
class SimulatedNetworkTest {

    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");
    private static final Duration MILLI = Duration.ofMillis(1);
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final SimulatedWorld world = new SimulatedWorld(1, Trace.off());
    private final SimulatedNetwork network = new SimulatedNetwork(world);
    private final SimulatedMachine machineA = world.machine(A, MachineProfile.DEFAULT);
    private final SimulatedMachine machineB = world.machine(B, MachineProfile.DEFAULT);
    private Peer a = new Peer(machineA, B);
    private Peer b = new Peer(machineB, A);

    private final class Peer implements TransportHandler {

        private final List<String> seen = new ArrayList<>();
        private final Transport transport;

        Peer(SimulatedMachine machine, NodeId other) {
            transport = network.transports()
                    .create(new TransportContext(machine.id(), "", 1 << 10, 1 << 16, machine.scheduler()));
            transport.start(this);
            transport.addPeer(other, other.name());
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

        void send(NodeId to, String message) {
            assertThat(transport.send(to, ByteBuffer.wrap(message.getBytes(UTF_8))))
                    .isTrue();
        }

        List<String> seen() {
            List<String> all = List.copyOf(seen);
            seen.clear();
            return all;
        }
    }

    @BeforeEach
    void link() {
        network.links(LinkQuality.faithful(Latency.of(MILLI), 0));
        world.runFor(Duration.ZERO);
        assertThat(a.seen()).containsExactly("up");
        assertThat(b.seen()).containsExactly("up");
    }

    @Test
    @DisplayName("messages take their time and keep their order")
    void latency() {
        network.link(A, B, LinkQuality.faithful(Latency.of(MILLI, MILLI.multipliedBy(5), SECOND), 0));
        for (int i = 0; i < 100; i++) {
            a.send(B, "m" + i);
        }
        world.runFor(Duration.ofNanos(999_999));
        assertThat(b.seen()).isEmpty();
        world.runFor(SECOND);
        List<String> arrived = b.seen();
        for (int i = 0; i < 100; i++) {
            assertThat(arrived.get(i)).isEqualTo("m" + i);
        }
    }

    @Test
    @DisplayName("a slow link lets through so many bytes in a second")
    void bandwidth() {
        network.link(A, B, LinkQuality.faithful(Latency.NONE, 1_000));
        for (int i = 0; i < 20; i++) {
            a.send(B, "x".repeat(100));
        }
        world.runFor(SECOND);
        assertThat(b.seen()).hasSize(10);
        world.runFor(SECOND);
        assertThat(b.seen()).hasSize(10);
    }

    @Test
    @DisplayName("an unfaithful link loses, doubles, reorders and spoils")
    void unfaithful() {
        LinkQuality good = LinkQuality.faithful(Latency.of(MILLI), 0);
        network.link(A, B, good.unfaithful(100_000, 0, 0, 0));
        assertThat(thousand()).hasSizeBetween(850, 950).isSorted();
        network.link(A, B, good.unfaithful(0, 100_000, 0, 0));
        assertThat(thousand()).hasSizeBetween(1050, 1150).isSorted();
        network.link(A, B, good.unfaithful(0, 0, 100_000, 0));
        List<String> reordered = thousand();
        assertThat(new TreeSet<>(reordered)).hasSize(1000);
        assertThat(reordered).isNotEqualTo(reordered.stream().sorted().toList());
        network.link(A, B, good.unfaithful(0, 0, 0, 100_000));
        assertThat(thousand().stream().filter(message -> !message.matches("m[0-9]{4}")))
                .hasSizeBetween(50, 150);
    }

    private List<String> thousand() {
        for (int i = 0; i < 1000; i++) {
            a.send(B, String.format("m%04d", i));
            world.runFor(Duration.ofMillis(1));
        }
        world.runFor(SECOND);
        return b.seen();
    }

    @Test
    @DisplayName(
            "a cut of one direction is noticed by both sides after the time of detection, and healed by a new link")
    void cut() {
        try (SimulatedNetwork.Cut cut = network.cut(A, B)) {
            a.send(B, "lost");
            b.send(A, "arrives");
            world.runFor(Duration.ofMillis(999));
            assertThat(a.seen()).containsExactly("arrives");
            world.runFor(MILLI);
            assertThat(a.seen()).containsExactly("down");
            assertThat(b.seen()).containsExactly("down");
            assertThat(cut.lost()).isEqualTo(1);
        }
        world.runFor(SECOND);
        assertThat(a.seen()).containsExactly("up");
        assertThat(b.seen()).containsExactly("up");
    }

    @Test
    @DisplayName("an isolated machine is cut off from all others, and whoever is paused notices late")
    void isolate() {
        SimulatedNetwork.Cut cut = network.isolate(List.of(B));
        machineB.pause(Duration.ofSeconds(5));
        world.runFor(Duration.ofSeconds(2));
        assertThat(a.seen()).containsExactly("down");
        assertThat(b.seen()).isEmpty();
        world.runFor(Duration.ofSeconds(5));
        assertThat(b.seen()).containsExactly("down");
        cut.close();
        cut.close();
        world.runFor(SECOND);
        assertThat(a.seen()).containsExactly("up");
    }

    @Test
    @DisplayName("what is sent to a paused machine waits for it")
    void pause() {
        machineB.pause(SECOND);
        a.send(B, "one");
        a.send(B, "two");
        world.runFor(Duration.ofMillis(999));
        assertThat(b.seen()).isEmpty();
        world.runFor(MILLI);
        assertThat(b.seen()).containsExactly("one", "two");
    }

    @Test
    @DisplayName("a machine that crashes falls silent, and comes back as another process under the same name")
    void crash() {
        b.send(A, "last words");
        a.send(B, "too late");
        machineB.crash("as a test has asked for");
        assertThat(b.transport.send(A, ByteBuffer.allocate(1))).isFalse();
        world.runFor(Duration.ofMillis(500));
        assertThat(a.seen()).containsExactly("last words");
        machineB.restart();
        b = new Peer(machineB, A);
        world.runFor(MILLI);
        assertThat(a.seen()).containsExactly("down", "up");
        a.send(B, "hello");
        world.runFor(Duration.ofSeconds(2));
        assertThat(b.seen()).containsExactly("up", "hello");
        assertThat(a.seen()).isEmpty();
        machineB.crash("again");
        world.runFor(SECOND);
        assertThat(a.seen()).containsExactly("down");
    }

    @Test
    @DisplayName("a link that is reset comes back")
    void disconnect() {
        network.disconnect(A, B);
        world.runFor(MILLI);
        assertThat(a.seen()).containsExactly("down", "up");
    }
}
