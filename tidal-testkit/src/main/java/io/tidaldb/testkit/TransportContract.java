package io.tidaldb.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.FileRange;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.transport.TransportHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link Transport} promises. */
@DisplayName("R-30 contract of transports")
public abstract class TransportContract {

    private static final int MAX_MESSAGE = 256 << 10;
    private static final long QUEUE = 1 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");
    private static final NodeId C = NodeId.of("c");

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** Creates the suite. */
    protected TransportContract() {}

    /** Returns the factory under test; the same one, so that its transports can reach each other. */
    protected abstract TransportFactory factory();

    /** Returns where a node is to listen, free at the time of the call; not the same for two nodes. */
    protected abstract String listen(NodeId node);

    /** Returns an address where nobody listens. */
    protected abstract String nobody();

    @AfterEach
    void closeAll() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    private final class Peer implements TransportHandler {

        final NodeId id;
        final ThreadScheduler scheduler = new ThreadScheduler();
        final Transport transport;
        final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
        final LinkedBlockingQueue<byte[]> messages = new LinkedBlockingQueue<>();
        volatile boolean hospitable = true;
        volatile Function<ByteBuffer, CompletionStage<ByteBuffer>> answers = CompletableFuture::completedFuture;

        Peer(NodeId id, String listen) {
            this.id = id;
            transport = factory().create(new TransportContext(id, listen, MAX_MESSAGE, QUEUE, scheduler));
            opened.push(scheduler);
            opened.push(transport);
            transport.start(this);
        }

        @Override
        public void peerUp(NodeId peer) {
            events.add("up " + peer);
        }

        @Override
        public void peerDown(NodeId peer) {
            events.add("down " + peer);
        }

        @Override
        public void message(NodeId peer, ByteBuffer message) {
            messages.add(bytes(message));
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
            return answers.apply(ByteBuffer.wrap(bytes(message)));
        }

        @Override
        public boolean admits(NodeId client) {
            return hospitable && client.isClient();
        }

        @Override
        public void writable(NodeId peer) {
            events.add("writable " + peer);
        }

        void expect(String event) throws InterruptedException {
            assertThat(events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("what %s is told next", id)
                    .isEqualTo(event);
        }

        byte[] next() throws InterruptedException {
            byte[] message = messages.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(message).as("the next message to %s", id).isNotNull();
            return message == null ? new byte[0] : message;
        }

        /** Returns when all that the scheduler has to do now is done. */
        void settle() throws InterruptedException {
            CountDownLatch done = new CountDownLatch(1);
            scheduler.execute(done::countDown);
            assertThat(done.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }

        /** Sends, waiting for room as long as the peer is slow. */
        void sendPatiently(NodeId to, ByteBuffer message) throws InterruptedException {
            while (!transport.send(to, message.duplicate())) {
                expect("writable " + to);
            }
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(copy);
        return copy;
    }

    private Peer peer(NodeId id) {
        return new Peer(id, listen(id));
    }

    private static void introduce(Peer one, Peer other) {
        one.transport.addPeer(other.id, other.transport.address());
        other.transport.addPeer(one.id, one.transport.address());
    }

    private List<Peer> linked() throws InterruptedException {
        Peer a = peer(A);
        Peer b = peer(B);
        introduce(a, b);
        a.expect("up b");
        b.expect("up a");
        return List.of(a, b);
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }

    private static ErrorCode failure(CompletionStage<ByteBuffer> answer) throws Exception {
        try {
            answer.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TidalException known) {
                return known.code();
            }
            throw e;
        }
        throw new AssertionError("an answer came, expected a failure");
    }

    private static byte[] answer(CompletionStage<ByteBuffer> answer) throws Exception {
        return bytes(answer.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }

    @Test
    @DisplayName("R-30 the factory has a proper name and states its versions")
    void factoryHasAProperNameAndStatesItsVersions() {
        assertThat(factory().name()).matches("[a-z0-9-]{1,32}");
        assertThat(factory().spiVersion()).isEqualTo(Spi.VERSION);
        assertThat(factory().version()).isNotBlank();
    }

    @Test
    @DisplayName("R-30 messages arrive once, whole and in order, in both directions at the same time")
    void ordered() throws Exception {
        List<Peer> peers = linked();
        List<Thread> senders = new ArrayList<>();
        int count = 5_000;
        for (int side = 0; side < 2; side++) {
            Peer from = peers.get(side);
            Peer to = peers.get(1 - side);
            Thread sender = new Thread(() -> {
                Random random = new Random(from.id.hashCode());
                try {
                    for (int i = 0; i < count; i++) {
                        byte[] message = new byte[4 + random.nextInt(2000)];
                        random.nextBytes(message);
                        from.sendPatiently(
                                to.id, ByteBuffer.wrap(message).putInt(0, i).rewind());
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            sender.start();
            senders.add(sender);
        }
        for (int side = 0; side < 2; side++) {
            Random random = new Random(peers.get(1 - side).id.hashCode());
            for (int i = 0; i < count; i++) {
                byte[] expected = new byte[4 + random.nextInt(2000)];
                random.nextBytes(expected);
                ByteBuffer.wrap(expected).putInt(0, i);
                assertThat(peers.get(side).next()).as("message %d", i).isEqualTo(expected);
            }
        }
        for (Thread sender : senders) {
            sender.join();
        }
    }

    @Test
    @DisplayName("R-30 a client that is admitted need not be added: it asks, comes back, and is forgotten when it goes")
    void clients() throws Exception {
        NodeId id = NodeId.client("shop", 0x1f);
        Peer node = peer(A);
        for (int life = 0; life < 3; life++) {
            Peer client = new Peer(id, "");
            client.transport.addPeer(A, node.transport.address());
            client.expect("up a");
            node.expect("up " + id);
            assertThat(answer(client.transport.request(A, text("ask"), PATIENCE)))
                    .isEqualTo(bytes(text("ask")));
            assertThat(answer(node.transport.request(id, text("back"), PATIENCE)))
                    .isEqualTo(bytes(text("back")));
            client.transport.close();
            node.expect("down " + id);
            assertThat(failure(node.transport.request(id, text("gone"), PATIENCE)))
                    .isEqualTo(ErrorCode.PEER_UNAVAILABLE);
        }
        node.hospitable = false;
        Peer refused = new Peer(id, "");
        refused.transport.addPeer(A, node.transport.address());
        Peer known = peer(B);
        introduce(node, known);
        node.expect("up b");
        assertThat(failure(refused.transport.request(A, text("ask"), PATIENCE))).isEqualTo(ErrorCode.PEER_UNAVAILABLE);
    }

    @Test
    @DisplayName("R-30 a message is taken over before send returns")
    void takesOverTheMessage() throws Exception {
        List<Peer> peers = linked();
        ByteBuffer message = text("first");
        peers.get(0).transport.send(B, message);
        message.clear();
        message.put(0, (byte) 'X');
        assertThat(peers.get(1).next()).isEqualTo(bytes(text("first")));
    }

    @Test
    @DisplayName("R-30 requests are answered, each with its own answer, in whatever order")
    void requests() throws Exception {
        List<Peer> peers = linked();
        List<CompletableFuture<ByteBuffer>> waiting = new ArrayList<>();
        CountDownLatch all = new CountDownLatch(3);
        peers.get(1).answers = request -> {
            CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
            waiting.add(answer.thenApply(ignored -> text("to " + new String(request.array(), UTF_8))));
            waiting.add(answer);
            all.countDown();
            return waiting.get(waiting.size() - 2);
        };
        List<CompletionStage<ByteBuffer>> answers = new ArrayList<>();
        for (String request : List.of("one", "two", "three")) {
            answers.add(peers.get(0).transport.request(B, text(request), PATIENCE));
        }
        assertThat(all.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        for (int i = 2; i >= 0; i--) {
            waiting.get(2 * i + 1).complete(ByteBuffer.allocate(0));
        }
        assertThat(answer(answers.get(0))).isEqualTo(bytes(text("to one")));
        assertThat(answer(answers.get(1))).isEqualTo(bytes(text("to two")));
        assertThat(answer(answers.get(2))).isEqualTo(bytes(text("to three")));
    }

    @Test
    @DisplayName("R-30 what the handler fails with reaches whoever asked, with its code")
    void failuresTravel() throws Exception {
        List<Peer> peers = linked();
        peers.get(1).answers = request -> CompletableFuture.failedFuture(
                new TidalException(ErrorCode.TENANT_NOT_FOUND, "tenant t9 does not exist"));
        CompletionStage<ByteBuffer> refused = peers.get(0).transport.request(B, text("x"), PATIENCE);
        assertThat(failure(refused)).isEqualTo(ErrorCode.TENANT_NOT_FOUND);
        assertThatThrownBy(() -> refused.toCompletableFuture().join()).hasMessageContaining("tenant t9 does not exist");
        peers.get(1).answers = request -> {
            throw new IllegalStateException("broken");
        };
        assertThat(failure(peers.get(0).transport.request(B, text("x"), PATIENCE)))
                .isEqualTo(ErrorCode.INTERNAL);
    }

    @Test
    @DisplayName("R-30 a request without an answer fails when its deadline passes, and a late answer is dropped")
    void deadlines() throws Exception {
        List<Peer> peers = linked();
        CompletableFuture<ByteBuffer> late = new CompletableFuture<>();
        peers.get(1).answers = request -> late;
        assertThat(failure(peers.get(0).transport.request(B, text("x"), Duration.ofMillis(20))))
                .isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        late.complete(text("too late"));
        peers.get(1).answers = CompletableFuture::completedFuture;
        assertThat(answer(peers.get(0).transport.request(B, text("y"), PATIENCE)))
                .isEqualTo(bytes(text("y")));
    }

    @Test
    @DisplayName("R-30 a slow peer takes no more memory than its queue, keeps nobody else waiting, and gets everything")
    void backPressure() throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        Peer c = peer(C);
        introduce(a, c);
        a.expect("up c");
        CountDownLatch release = peers.get(1).scheduler.hold();
        // The machine's own buffers take something as well, now and then: until it is full for messages and for a
        // request.
        int accepted = 0;
        int refused = 0;
        CompletableFuture<ByteBuffer> overloaded = new CompletableFuture<>();
        while (!overloaded.isDone()) {
            if (a.transport.send(B, ByteBuffer.allocate(64 << 10).putInt(0, accepted))) {
                accepted++;
                refused = 0;
                assertThat(accepted * (64L << 10))
                        .as("bytes taken for a peer that takes none")
                        .isLessThan(64L << 20);
            } else {
                refused++;
                a.transport.send(C, text("still here"));
                assertThat(c.next()).isEqualTo(bytes(text("still here")));
            }
            if (refused == 3) {
                refused = 0;
                overloaded = a.transport
                        .request(B, ByteBuffer.allocate(64 << 10), PATIENCE)
                        .toCompletableFuture();
                a.settle();
            }
        }
        assertThat(failure(overloaded)).isEqualTo(ErrorCode.OVERLOADED);
        release.countDown();
        a.expect("writable b");
        for (int i = 0; i < accepted; i++) {
            assertThat(ByteBuffer.wrap(peers.get(1).next()).getInt()).isEqualTo(i);
        }
    }

    @Test
    @DisplayName("R-30 a large transfer arrives whole through a small queue")
    void largeTransfer() throws Exception {
        List<Peer> peers = linked();
        CRC32C sent = new CRC32C();
        CRC32C received = new CRC32C();
        int pieces = 128;
        Thread receiver = new Thread(() -> {
            try {
                for (int i = 0; i < pieces; i++) {
                    received.update(peers.get(1).next());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        receiver.start();
        Random random = new Random(1);
        byte[] piece = new byte[MAX_MESSAGE];
        for (int i = 0; i < pieces; i++) {
            random.nextBytes(piece);
            sent.update(piece);
            peers.get(0).sendPatiently(B, ByteBuffer.wrap(piece));
        }
        receiver.join();
        assertThat(received.getValue()).isEqualTo(sent.getValue());
    }

    /** A file of known bytes, and how often a range of it was released. */
    private static final class Source implements AutoCloseable {

        final byte[] bytes;
        final FileChannel channel;
        final AtomicInteger released = new AtomicInteger();

        Source(Path directory, int size) throws IOException {
            bytes = new byte[size];
            new Random(size).nextBytes(bytes);
            channel = FileChannel.open(Files.write(directory.resolve("source"), bytes), StandardOpenOption.READ);
        }

        FileRange range(long position, int length) {
            return new FileRange(channel, position, length, released::incrementAndGet);
        }

        byte[] message(String head, int position, int length) {
            byte[] start = head.getBytes(UTF_8);
            byte[] whole = Arrays.copyOf(start, start.length + length);
            System.arraycopy(bytes, position, whole, start.length, length);
            return whole;
        }

        void awaitReleased(int times) {
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (released.get() < times && System.nanoTime() < end) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(released).as("how often a range was released").hasValue(times);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @Test
    @DisplayName(
            "R-30 a message that ends in a file arrives like any other, in its turn, and the file is released once")
    void fileRanges(@TempDir Path directory) throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        int count = 200;
        try (Source source = new Source(directory, 1 << 20)) {
            List<byte[]> expected = new ArrayList<>();
            Random random = new Random(7);
            Thread sender = new Thread(() -> {
                try {
                    Random same = new Random(7);
                    for (int i = 0; i < count; i++) {
                        a.sendPatiently(B, text("before " + i));
                        int length = same.nextInt(MAX_MESSAGE - 16);
                        FileRange range = source.range(same.nextInt(source.bytes.length - length), length);
                        while (!a.transport.send(B, text("head " + i), range)) {
                            a.expect("writable b");
                        }
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            sender.start();
            for (int i = 0; i < count; i++) {
                int length = random.nextInt(MAX_MESSAGE - 16);
                int position = random.nextInt(source.bytes.length - length);
                expected.add(source.message("head " + i, position, length));
            }
            for (int i = 0; i < count; i++) {
                assertThat(peers.get(1).next()).isEqualTo(bytes(text("before " + i)));
                assertThat(peers.get(1).next()).as("message %d", i).isEqualTo(expected.get(i));
            }
            sender.join();
            source.awaitReleased(count);
            assertThat(source.channel.position())
                    .as("the channel's own position")
                    .isZero();
            assertThat(source.channel.isOpen()).isTrue();
        }
    }

    @Test
    @DisplayName(
            "R-30 a file is the caller's own as long as its message is not taken: too large, too short, no link, no room")
    void fileRangesThatAreNotTaken(@TempDir Path directory) throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        try (Source source = new Source(directory, 1 << 20)) {
            assertThatThrownBy(() -> a.transport.send(B, text("x"), source.range(0, MAX_MESSAGE)))
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining(Integer.toString(MAX_MESSAGE));
            assertThatThrownBy(() -> a.transport.send(B, text("x"), source.range(source.bytes.length - 10, 11)))
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining("the file ends at " + source.bytes.length);
            assertThat(a.transport.send(C, text("x"), source.range(0, 10))).isFalse();
            CountDownLatch release = peers.get(1).scheduler.hold();
            int taken = 0;
            while (a.transport.send(B, text("x"), source.range(0, 64 << 10))) {
                taken++;
                assertThat(taken * (64L << 10)).isLessThan(64L << 20);
            }
            release.countDown();
            a.expect("writable b");
            for (int i = 0; i < taken; i++) {
                assertThat(peers.get(1).next()).isEqualTo(source.message("x", 0, 64 << 10));
            }
            source.awaitReleased(taken);
        }
    }

    @Test
    @DisplayName("R-30 a file is released when the link goes down before its message has left")
    void fileRangesOfLostLinks(@TempDir Path directory) throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        try (Source source = new Source(directory, 1 << 20)) {
            CountDownLatch release = peers.get(1).scheduler.hold();
            int taken = 0;
            while (a.transport.send(B, text("x"), source.range(0, 64 << 10))) {
                taken++;
                assertThat(taken * (64L << 10)).isLessThan(64L << 20);
            }
            a.transport.removePeer(B);
            source.awaitReleased(taken);
            release.countDown();
        }
    }

    @Test
    @DisplayName("R-30 a message that is too large is refused and names the bound")
    void tooLarge() throws Exception {
        Peer a = linked().get(0);
        assertThatThrownBy(() -> a.transport.send(B, ByteBuffer.allocate(MAX_MESSAGE + 1)))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining(Integer.toString(MAX_MESSAGE));
        assertThatThrownBy(() -> a.transport.request(B, ByteBuffer.allocate(MAX_MESSAGE + 1), PATIENCE))
                .isInstanceOf(TidalException.class);
    }

    @Test
    @DisplayName("R-30 a peer that is not there is no obstacle: nothing is sent, requests fail, others are served")
    void deadPeer() throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        a.transport.addPeer(C, nobody());
        assertThat(a.transport.send(C, text("x"))).isFalse();
        assertThat(failure(a.transport.request(C, text("x"), PATIENCE))).isEqualTo(ErrorCode.PEER_UNAVAILABLE);
        NodeId stranger = NodeId.of("stranger");
        assertThat(a.transport.send(stranger, text("x"))).isFalse();
        assertThat(failure(a.transport.request(stranger, text("x"), PATIENCE))).isEqualTo(ErrorCode.PEER_UNAVAILABLE);
        a.transport.send(B, text("to the living"));
        assertThat(peers.get(1).next()).isEqualTo(bytes(text("to the living")));
    }

    @Test
    @DisplayName("R-30 a peer that goes is reported down, its open requests fail; when it comes back it is reported up")
    void comesBack() throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        String address = peers.get(1).transport.address();
        peers.get(1).answers = request -> new CompletableFuture<>();
        CompletionStage<ByteBuffer> open = a.transport.request(B, text("x"), PATIENCE);
        peers.get(1).transport.close();
        assertThat(failure(open)).isEqualTo(ErrorCode.PEER_UNAVAILABLE);
        a.expect("down b");
        Peer again = new Peer(B, address);
        again.transport.addPeer(A, a.transport.address());
        a.expect("up b");
        again.expect("up a");
        a.transport.send(B, text("hello again"));
        assertThat(again.next()).isEqualTo(bytes(text("hello again")));
    }

    @Test
    @DisplayName("R-30 what a peer asks that was opened again is not answered by what its former self had asked")
    void answersToAFormerSelf() throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        Peer b = peers.get(1);
        LinkedBlockingQueue<CompletableFuture<ByteBuffer>> asked = new LinkedBlockingQueue<>();
        a.answers = request -> {
            CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
            asked.add(answer);
            return answer;
        };
        CompletionStage<ByteBuffer> before = b.transport.request(A, text("x"), PATIENCE);
        CompletableFuture<ByteBuffer> late = asked.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        String address = b.transport.address();
        b.transport.close();
        assertThat(failure(before)).isEqualTo(ErrorCode.CLOSED);
        a.expect("down b");
        Peer again = new Peer(B, address);
        again.transport.addPeer(A, a.transport.address());
        again.expect("up a");
        CompletionStage<ByteBuffer> now = again.transport.request(A, text("y"), PATIENCE);
        CompletableFuture<ByteBuffer> next = asked.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(late).isNotNull();
        assertThat(next).isNotNull();
        Objects.requireNonNull(late).complete(text("x was asked"));
        Objects.requireNonNull(next).complete(text("y was asked"));
        assertThat(answer(now)).isEqualTo(bytes(text("y was asked")));
    }

    @Test
    @DisplayName("R-30 a peer that is removed is reported down and gets nothing any more")
    void removed() throws Exception {
        List<Peer> peers = linked();
        peers.get(0).transport.removePeer(B);
        peers.get(0).expect("down b");
        peers.get(1).expect("down a");
        assertThat(peers.get(0).transport.send(B, text("x"))).isFalse();
    }

    @Test
    @DisplayName("R-30 after close nothing is sent, open requests fail, and a second close does nothing")
    void closed() throws Exception {
        List<Peer> peers = linked();
        Peer a = peers.get(0);
        peers.get(1).answers = request -> new CompletableFuture<>();
        CompletionStage<ByteBuffer> open = a.transport.request(B, text("x"), PATIENCE);
        a.transport.close();
        assertThat(failure(open)).isEqualTo(ErrorCode.CLOSED);
        assertThat(a.transport.send(B, text("x"))).isFalse();
        assertThat(failure(a.transport.request(B, text("x"), PATIENCE))).isEqualTo(ErrorCode.CLOSED);
        a.transport.close();
        peers.get(1).expect("down a");
    }

    @Test
    @DisplayName("R-30 an address that is taken is refused and named")
    void addressTaken() {
        Peer a = peer(A);
        @Nullable Transport second = null;
        try (ThreadScheduler scheduler = new ThreadScheduler()) {
            second = factory().create(new TransportContext(B, a.transport.address(), MAX_MESSAGE, QUEUE, scheduler));
            Transport taken = second;
            assertThatThrownBy(() -> taken.start(a))
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining(a.transport.address());
        } finally {
            if (second != null) {
                second.close();
            }
        }
    }
}
