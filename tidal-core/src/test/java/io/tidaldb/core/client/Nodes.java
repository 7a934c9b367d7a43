package io.tidaldb.core.client;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.Platform;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.testkit.VirtualTime;
import io.tidaldb.transport.inproc.InprocNetwork;
import io.tidaldb.transport.inproc.InprocTransportFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/** Nodes of which a test says what they answer, and a client of them, in virtual time. */
final class Nodes implements AutoCloseable {

    static final NodeId ONE = NodeId.of("n0");
    static final NodeId OTHER = NodeId.of("n1");

    private static final int MESSAGE_BYTES = 40 << 20;

    private final VirtualTime time = new VirtualTime();
    private final InprocNetwork network = new InprocNetwork();
    private final InprocTransportFactory transports = new InprocTransportFactory(network);
    private final CallCodec codec = new CallCodec();
    private final List<NodeNetwork> nodes = new ArrayList<>();
    private final List<Asked> asked = new ArrayList<>();
    private final TidalClient client;
    private NodeId home = ONE;
    private long decisions = 1;

    /** A request that has no answer yet. */
    final class Asked {

        final NodeId node;
        final Call.Writes call;
        final int bytes;
        private final CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();

        private Asked(NodeId node, Call.Writes call, int bytes) {
            this.node = node;
            this.call = call;
            this.bytes = bytes;
        }

        /** Says that its writes are the records from this one on. */
        void record(long first) {
            record(first, Map.of());
        }

        void record(long first, Map<Integer, Answer.Refused> refused) {
            List<List<String>> records = new ArrayList<>();
            for (int i = 0; i < call.writes().size(); i++) {
                records.add(refused.containsKey(i) ? List.of() : List.of("r0:s0:" + (first + i)));
            }
            answer(new Answer.EachWritten(records, refused));
        }

        void answer(Answer what) {
            answer.complete(codec.encode(what));
            time.runDue();
        }
    }

    /** @param slots how many the tenant has; all are led by the same node */
    Nodes(int slots) {
        for (NodeId node : List.of(ONE, OTHER)) {
            Timers timers = new Timers();
            NodeNetwork links = new NodeNetwork(
                    transports.create(new TransportContext(node, node.name(), MESSAGE_BYTES, MESSAGE_BYTES, timers)),
                    timers,
                    MESSAGE_BYTES);
            links.answer((peer, message) -> answer(node, message, slots));
            links.start();
            nodes.add(links);
        }
        client = TidalClient.builder()
                .cluster("c")
                .seed(ONE, ONE.name())
                .seed(OTHER, OTHER.name())
                .transport(transports)
                .platform(new OnTime())
                .maxOpenWrites(4_096)
                .connect();
    }

    TidalClient client() {
        return client;
    }

    private CompletionStage<ByteBuffer> answer(NodeId node, ByteBuffer message, int slots) {
        CallCodec.Received received = codec.call(message);
        if (received.call() instanceof Call.Writes writes) {
            Asked next = new Asked(node, writes, received.attached().remaining());
            asked.add(next);
            return next.answer;
        }
        return CompletableFuture.completedFuture(codec.encode(new Answer.Route(
                decisions,
                7,
                Map.of("view", 0),
                Collections.nCopies(slots, new Answer.Slot(0, home.name(), Map.of(home.name(), 0))),
                Map.of(ONE.name(), ONE.name(), OTHER.name(), OTHER.name()))));
    }

    /** Has another node lead from now on. */
    void lead(NodeId node) {
        home = node;
        decisions++;
    }

    /** Takes what was asked so far and not taken yet. */
    List<Asked> asked() {
        time.runDue();
        List<Asked> all = List.copyOf(asked);
        asked.clear();
        return all;
    }

    void pass(Duration span) {
        time.runFor(span);
    }

    @Override
    public void close() {
        client.close();
        nodes.forEach(NodeNetwork::close);
    }

    private final class Timers implements LoopScheduler {

        @Override
        public long nanoTime() {
            return time.nanoTime();
        }

        @Override
        public void execute(Runnable task) {
            time.execute(task);
        }

        @Override
        public Cancellable schedule(Duration delay, Runnable task) {
            return time.schedule(delay, task);
        }

        @Override
        public void close() {}
    }

    /** What the client runs on. */
    private final class OnTime implements Platform, LoopFactory, Clock {

        @Override
        public Clock clock() {
            return this;
        }

        @Override
        public RandomSource random() {
            return RandomGenerator.of("L64X128MixRandom")::nextLong;
        }

        @Override
        public LoopFactory loops() {
            return this;
        }

        @Override
        public long wallNanos() {
            return time.nanoTime();
        }

        @Override
        public long monotonicNanos() {
            return time.nanoTime();
        }

        @Override
        public <T> T await(CompletableFuture<T> result, long atMostNanos)
                throws ExecutionException, TimeoutException, InterruptedException {
            long end = time.nanoTime() + atMostNanos;
            while (!result.isDone() && time.nextDueNanos() <= end) {
                time.runNext();
            }
            return result.get(0, TimeUnit.NANOSECONDS);
        }

        @Override
        public CallbackExecutor callbacks(String role) {
            return new CallbackExecutor() {
                @Override
                public void execute(Runnable task) {
                    task.run();
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public LoopScheduler scheduler(String role) {
            return new Timers();
        }

        @Override
        public LoopHandle start(String role, LoopBody body) {
            throw new UnsupportedOperationException(role);
        }

        @Override
        public BackgroundExecutor background(String role) {
            throw new UnsupportedOperationException(role);
        }
    }
}
