package io.tidaldb.bench;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.FileRange;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.ThreadLoops;
import io.tidaldb.transport.netty.NettyTransportFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The transport under test: two nodes, each with its scheduler, as core has them. */
final class TidalWire implements Wire {

    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int MAX_MESSAGE = 2 << 20;
    private static final int HEAD_BYTES = 16;

    private final @Nullable FileChannel file;
    private final End client;
    private final End server;
    private final ByteBuffer question = ByteBuffer.allocate(QUESTION_BYTES).asReadOnlyBuffer();

    /** @param file where streamed messages are in, by zero copy; null to stream from memory */
    TidalWire(@Nullable FileChannel file) throws InterruptedException {
        this.file = file;
        client = new End("client");
        server = new End("server");
        client.transport.addPeer(server.id, server.transport.address());
        server.transport.addPeer(client.id, client.transport.address());
        client.up.await();
        server.up.await();
    }

    private static final class End implements TransportHandler {

        final NodeId id;
        final LoopScheduler scheduler;
        final Transport transport;
        final CountDownLatch up = new CountDownLatch(1);
        final Semaphore room = new Semaphore(0);
        volatile CountDownLatch expected = new CountDownLatch(0);

        End(String name) {
            id = NodeId.of(name);
            scheduler = new ThreadLoops().scheduler("bench-" + name);
            transport =
                    new NettyTransportFactory().create(new TransportContext(id, "", MAX_MESSAGE, 8 << 20, scheduler));
            transport.start(this);
        }

        @Override
        public void peerUp(NodeId peer) {
            up.countDown();
        }

        @Override
        public void peerDown(NodeId peer) {}

        @Override
        public void message(NodeId peer, ByteBuffer message) {
            expected.countDown();
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
            return CompletableFuture.completedFuture(message);
        }

        @Override
        public void writable(NodeId peer) {
            room.release();
        }

        void close() {
            transport.close();
            scheduler.close();
        }
    }

    @Override
    public void ask(Runnable answered) {
        client.transport.request(server.id, question.duplicate(), DEADLINE).whenComplete((answer, failure) -> {
            if (failure != null || answer.remaining() != QUESTION_BYTES) {
                throw new IllegalStateException("no answer", failure);
            }
            answered.run();
        });
    }

    @Override
    public void stream(int messages, int messageBytes) throws Exception {
        server.expected = new CountDownLatch(messages);
        ByteBuffer message = ByteBuffer.allocateDirect(messageBytes);
        for (int i = 0; i < messages; i++) {
            while (!send(message, (long) i * messageBytes, messageBytes)) {
                if (!client.room.tryAcquire(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("no room for 30 s");
                }
            }
        }
        if (!server.expected.await(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("messages are missing after 60 s");
        }
    }

    private boolean send(ByteBuffer message, long position, int bytes) {
        if (file == null) {
            return client.transport.send(server.id, message.duplicate());
        }
        ByteBuffer head = message.duplicate().limit(HEAD_BYTES);
        FileRange body = new FileRange(file, position, bytes - HEAD_BYTES, () -> {});
        return client.transport.send(server.id, head, body);
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }
}
