package io.tidaldb.transport.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.api.transport.TransportTls;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A node with a transport of its own, which writes down what it is told and by whom. */
final class TestNode implements TransportHandler, AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(30);
    static final int MAX_MESSAGE = 64 << 10;

    private final ScheduledThreadPoolExecutor thread;
    final Scheduler scheduler;
    final NodeId id;
    final Transport transport;
    final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();

    /** Who was refused, and why. */
    final LinkedBlockingQueue<String> refusals = new LinkedBlockingQueue<>();

    final LinkedBlockingQueue<String> threads = new LinkedBlockingQueue<>();
    volatile Function<String, CompletionStage<ByteBuffer>> answers =
            text -> CompletableFuture.completedFuture(buffer(text));

    TestNode(String name, Limits limits) {
        this(name, limits, "127.0.0.1:0", null, null);
    }

    TestNode(String name, Limits limits, String listen, @Nullable String advertise, @Nullable TransportTls tls) {
        this(name, limits, listen, advertise, tls, "test");
    }

    TestNode(
            String name,
            Limits limits,
            String listen,
            @Nullable String advertise,
            @Nullable TransportTls tls,
            String cluster) {
        this.id = NodeId.of(name);
        this.thread = new ScheduledThreadPoolExecutor(1, task -> new Thread(task, "scheduler of " + name));
        thread.setRemoveOnCancelPolicy(true);
        this.scheduler = new Scheduler() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public void execute(Runnable task) {
                thread.execute(task);
            }

            @Override
            public Cancellable schedule(Duration delay, Runnable task) {
                ScheduledFuture<?> scheduled = thread.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
                return () -> scheduled.cancel(false);
            }
        };
        this.transport = new NettyTransportFactory(limits, Sockets.best())
                .create(new TransportContext(id, listen, MAX_MESSAGE, 1 << 20, scheduler, cluster, advertise, tls));
        try {
            transport.start(this);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }

    static String text(ByteBuffer buffer) {
        return UTF_8.decode(buffer).toString();
    }

    int port() {
        String address = transport.address();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private void told(String event) {
        threads.add(Thread.currentThread().getName());
        events.add(event);
    }

    @Override
    public void peerUp(NodeId peer) {
        told("up " + peer);
    }

    @Override
    public void peerDown(NodeId peer) {
        told("down " + peer);
    }

    @Override
    public void message(NodeId peer, ByteBuffer message) {
        told(peer + ": " + text(message));
    }

    @Override
    public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
        threads.add(Thread.currentThread().getName());
        return answers.apply(text(message));
    }

    @Override
    public boolean admits(NodeId stranger) {
        return stranger.isClient();
    }

    @Override
    public void refused(String host, PeerRefusal why) {
        refusals.add(host + " " + why);
    }

    @Override
    public void writable(NodeId peer) {
        told("writable " + peer);
    }

    void expectRefusal(PeerRefusal why) throws InterruptedException {
        assertThat(refusals.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("whom %s has refused", id)
                .isEqualTo("127.0.0.1 " + why);
    }

    void expect(String event) throws InterruptedException {
        assertThat(events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("what %s is told next", id)
                .isEqualTo(event);
    }

    String ask(TestNode other, String text) throws Exception {
        return text(transport
                .request(other.id, buffer(text), PATIENCE)
                .toCompletableFuture()
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }

    static void introduce(TestNode one, TestNode other) {
        one.transport.addPeer(other.id, other.transport.address());
        other.transport.addPeer(one.id, one.transport.address());
    }

    static void link(TestNode one, TestNode other) throws InterruptedException {
        introduce(one, other);
        one.expect("up " + other.id);
        other.expect("up " + one.id);
    }

    @Override
    public void close() {
        transport.close();
        thread.shutdownNow();
    }
}
