package io.tidaldb.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-30 links over sockets")
class LinkTest {

    private static final Limits LIMITS = new Limits(
            Duration.ofSeconds(5),
            Duration.ofMillis(800),
            Duration.ofMillis(10),
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            100,
            100);

    private final LogLines log = new LogLines();
    private final List<TestNode> opened = new ArrayList<>();

    private TestNode open(String name, String listen) {
        TestNode node = new TestNode(name, LIMITS, listen, null, null);
        opened.add(0, node);
        return node;
    }

    private TestNode open(String name) {
        return open(name, "127.0.0.1:0");
    }

    @AfterEach
    void closeAll() {
        opened.forEach(TestNode::close);
        log.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:0", "[::1]:0", "localhost:0", ""})
    @DisplayName("R-30 a node listens by IPv4, IPv6 and name, at a port of its own, and is reached where it says")
    void addresses(String listen) throws Exception {
        TestNode one = open("n1", listen);
        TestNode two = open("n2", listen);
        assertThat(one.transport.address())
                .startsWith(listen.isEmpty() ? "127.0.0.1:" : listen.substring(0, listen.length() - 1))
                .doesNotEndWith(":0");
        TestNode.link(one, two);
        assertThat(two.ask(one, "hello")).isEqualTo("hello");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1:0", "[::1]", "host:70000", ":80", "[]:1", "host:", "host:-1", "host:1x"})
    @DisplayName("R-30 an address of another form is refused, and named")
    void malformedAddresses(String address) {
        assertThatThrownBy(() -> open("n1", address))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining(
                        "listen address \"" + address + "\" is not valid: expected HOST:PORT or [IPV6]:PORT")
                .extracting(e -> ((TidalException) e).code())
                .isEqualTo(ErrorCode.INVALID_CONFIGURATION);
        TestNode one = open("n1");
        assertThatThrownBy(() -> one.transport.addPeer(NodeId.of("n2"), address))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("peer address");
    }

    @Test
    @DisplayName("R-30 nodes that dial each other at the same time have one link, and none that comes and goes")
    void simultaneous() throws Exception {
        TestNode hub = open("m");
        List<TestNode> others = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            others.add(open((i % 2 == 0 ? "a" : "z") + i));
        }
        for (int round = 0; round < 10; round++) {
            others.parallelStream().forEach(each -> TestNode.introduce(hub, each));
            for (TestNode each : others) {
                each.expect("up m");
                assertThat(each.ask(hub, "round " + round)).isEqualTo("round " + round);
                assertThat(hub.ask(each, "round " + round)).isEqualTo("round " + round);
            }
            assertThat(take(hub, others.size()))
                    .isEqualTo(others.stream().map(each -> "up " + each.id).collect(Collectors.toSet()));
            for (TestNode each : others) {
                hub.transport.removePeer(each.id);
                each.expect("down m");
                each.transport.removePeer(hub.id);
            }
            assertThat(take(hub, others.size()))
                    .isEqualTo(others.stream().map(each -> "down " + each.id).collect(Collectors.toSet()));
        }
        assertThat(hub.events).isEmpty();
        assertThat(others).allSatisfy(each -> assertThat(each.events).isEmpty());
    }

    private static Set<String> take(TestNode node, int count) throws InterruptedException {
        Set<String> events = new HashSet<>();
        for (int i = 0; i < count; i++) {
            String event = node.events.poll(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(event).as("event %d of %d", i, count).isNotNull();
            events.add(event);
        }
        return events;
    }

    @Test
    @DisplayName("R-30 an idle link stays: heartbeats go both ways")
    void idle() throws Exception {
        TestNode one = open("n1");
        TestNode two = open("n2");
        TestNode.link(one, two);
        CompletableFuture<Void> later = new CompletableFuture<>();
        one.scheduler.schedule(LIMITS.silence().multipliedBy(3), () -> later.complete(null));
        later.get(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(one.events).isEmpty();
        assertThat(two.events).isEmpty();
        assertThat(one.ask(two, "still there?")).isEqualTo("still there?");
    }

    @Test
    @DisplayName("R-30 what was sent before close arrives, as long as the peer reads")
    void flushesOnClose() throws Exception {
        TestNode one = open("n1");
        TestNode two = open("n2");
        TestNode.link(one, two);
        int sent = 0;
        while (sent < 1000 && one.transport.send(two.id, TestNode.buffer("message " + sent))) {
            sent++;
        }
        one.transport.close();
        for (int i = 0; i < sent; i++) {
            two.expect("n1: message " + i);
        }
        two.expect("down n1");
    }

    @Test
    @DisplayName(
            "R-30 the handler and completions are called by the scheduler alone, netty's threads are daemons and named")
    void threads() throws Exception {
        TestNode one = open("n1");
        TestNode two = open("n2");
        TestNode.link(one, two);
        CompletableFuture<String> completed = new CompletableFuture<>();
        CompletableFuture<ByteBuffer> held = new CompletableFuture<>();
        two.answers = text -> held;
        one.transport
                .request(two.id, TestNode.buffer("x"), TestNode.PATIENCE)
                .whenComplete((answer, failure) ->
                        completed.complete(Thread.currentThread().getName()));
        held.complete(TestNode.buffer("y"));
        assertThat(completed.get(30, TimeUnit.SECONDS)).isEqualTo("scheduler of n1");
        assertThat(one.threads).containsOnly("scheduler of n1");
        assertThat(two.threads).containsOnly("scheduler of n2");
        assertThat(Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith("tidal-netty-")))
                .isNotEmpty()
                .allMatch(Thread::isDaemon)
                .allMatch(thread -> thread.getName().matches("tidal-netty-[0-9]+"));
    }

    @Test
    @DisplayName("R-30 a failure's text is bounded on its way, and no stack travels")
    void boundedFailures() throws Exception {
        TestNode one = open("n1");
        TestNode two = open("n2");
        TestNode.link(one, two);
        two.answers = text -> {
            throw new TidalException(ErrorCode.QUOTA_EXCEEDED, "x".repeat(100_000));
        };
        CompletionStage<ByteBuffer> answer = one.transport.request(two.id, TestNode.buffer("x"), TestNode.PATIENCE);
        assertThatThrownBy(() -> answer.toCompletableFuture().get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(TidalException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
                    assertThat(String.valueOf(e.getMessage())).hasSize(1025);
                });
    }

    @Test
    @DisplayName("R-30 an answer that is too large fails its request, and no other")
    void oversizedAnswer() throws Exception {
        TestNode one = open("n1");
        TestNode two = open("n2");
        TestNode.link(one, two);
        two.answers = text -> CompletableFuture.completedFuture(ByteBuffer.allocate(TestNode.MAX_MESSAGE + 1));
        assertThatThrownBy(() -> one.ask(two, "x")).hasMessageContaining("an answer of 65537 bytes is too large");
        two.answers = text -> CompletableFuture.completedFuture(TestNode.buffer("small"));
        assertThat(one.ask(two, "x")).isEqualTo("small");
    }

    @Test
    @DisplayName("R-30 two nodes that ask each other more than they can keep do not wait for ever")
    void bothAsk() throws Exception {
        TestNode one = open("n1");
        TestNode two = open("n2");
        TestNode.link(one, two);
        ByteBuffer large = ByteBuffer.allocate(TestNode.MAX_MESSAGE);
        AtomicInteger answered = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (TestNode each : List.of(one, two)) {
            each.answers = text -> CompletableFuture.completedFuture(large.duplicate());
        }
        for (int i = 0; i < 1000; i++) {
            all.add(ask(one, two, large, answered, refused));
            all.add(ask(two, one, large, answered, refused));
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
        assertThat(answered).hasPositiveValue();
        assertThat(answered.get() + refused.get()).isEqualTo(2000);
        assertThat(one.ask(two, "still there?")).isNotNull();
    }

    private static CompletableFuture<?> ask(
            TestNode from, TestNode to, ByteBuffer body, AtomicInteger answered, AtomicInteger refused) {
        return from.transport
                .request(to.id, body.duplicate(), TestNode.PATIENCE)
                .handle((answer, failure) -> {
                    if (failure == null) {
                        return answered.incrementAndGet();
                    }
                    assertThat(((TidalException) failure).code()).isEqualTo(ErrorCode.OVERLOADED);
                    return refused.incrementAndGet();
                })
                .toCompletableFuture();
    }

    @Test
    @DisplayName("R-30 a peer that takes only small messages is sent no larger ones, and its bound is named")
    void smallerPeer() throws Exception {
        TestNode one = open("n1");
        NodeId two = NodeId.of("n2");
        try (Transport small = new NettyTransportFactory(LIMITS, Sockets.best())
                .create(new TransportContext(two, "", 1024, 1024, one.scheduler, "test", null, null))) {
            small.start(one);
            small.addPeer(one.id, one.transport.address());
            one.transport.addPeer(two, small.address());
            take(one, 2);
            assertThatThrownBy(() -> one.transport.send(two, ByteBuffer.allocate(1025)))
                    .hasMessageContaining("a message of 1025 bytes to node n2 is too large: expected at most 1024");
            assertThat(one.transport.send(two, ByteBuffer.allocate(1024))).isTrue();
        }
    }
}
