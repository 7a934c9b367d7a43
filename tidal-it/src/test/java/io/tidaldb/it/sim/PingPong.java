package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.testkit.BatchSequence;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A small cluster under random faults: whoever gets a message writes it, syncs as many as have come, and answers each. */
final class PingPong {

    private static final LogId LOG = LogId.own(TenantId.of(42), new Origin(RegionId.of(0), ShardId.of(0), 0));
    private static final Duration TICK = Duration.ofMillis(20);

    private final SimulatedWorld world;
    private final SimulatedNetwork network;
    private final SimulatedRandom chaos;
    private final List<Node> nodes = new ArrayList<>();
    private long answers;
    private long crashes;

    PingPong(long seed, int count, Trace trace) {
        world = new SimulatedWorld(seed, trace);
        network = new SimulatedNetwork(world);
        chaos = world.random("chaos");
        network.links(LinkQuality.GOOD.unfaithful(1_000, 1_000, 1_000, 1_000));
        for (int i = 0; i < count; i++) {
            SimulatedMachine machine = world.machine(
                    NodeId.of("n" + i),
                    MachineProfile.DEFAULT.withClocks(
                            Duration.ofMillis(chaos.between(-500, 500)), (int) chaos.between(-200, 200)));
            nodes.add(new Node(machine));
        }
        nodes.forEach(Node::open);
        world.onCrash(machine -> {
            crashes++;
            Node node = nodes.get(Integer.parseInt(machine.id().name().substring(1)));
            world.schedule(Duration.ofMillis(chaos.between(1, 3_000)), () -> {
                machine.restart();
                node.open();
            });
        });
    }

    void run(Duration duration) {
        long end = world.nanoTime() + duration.toNanos();
        while (world.nanoTime() < end) {
            disturb();
            world.runFor(Duration.ofMillis(chaos.between(1, 500)));
        }
    }

    private void disturb() {
        SimulatedMachine machine = nodes.get((int) chaos.below(nodes.size())).machine;
        SimulatedMachine other = nodes.get((int) chaos.below(nodes.size())).machine;
        switch ((int) chaos.below(9)) {
            case 0 -> machine.crash("chaos");
            case 1 -> machine.pause(Duration.ofMillis(chaos.between(1, 2_000)));
            case 2 -> machine.jump(Duration.ofMillis(chaos.between(-5_000, 5_000)));
            case 3 -> heal(network.cut(machine.id(), other.id()));
            case 4 -> heal(network.isolate(List.of(machine.id())));
            case 5 -> network.disconnect(machine.id(), other.id());
            case 6 -> machine.disks().crashInSync((int) chaos.between(1, 20));
            case 7 -> machine.disks().crashInAppend((int) chaos.between(1, 20));
            default -> machine.disks().failSync((int) chaos.between(1, 20));
        }
    }

    private void heal(SimulatedNetwork.Cut cut) {
        world.schedule(Duration.ofMillis(chaos.between(1, 5_000)), cut::close);
    }

    SimulatedWorld world() {
        return world;
    }

    long answers() {
        return answers;
    }

    long crashes() {
        return crashes;
    }

    private final class Node implements TransportHandler, LoopBody {

        private final SimulatedMachine machine;
        private final List<Runnable> queue = new ArrayList<>();
        private final List<NodeId> up = new ArrayList<>();
        private BatchSequence batches = new BatchSequence(LOG);
        private WalStore store;
        private Transport transport;
        private LoopHandle loop;
        private long durableSeqno;

        @SuppressWarnings("NullAway.Init") // opened before anything else
        Node(SimulatedMachine machine) {
            this.machine = machine;
        }

        void open() {
            queue.clear();
            up.clear();
            openStore();
            transport = network.transports()
                    .create(new TransportContext(machine.id(), "", 1 << 10, 1 << 14, machine.scheduler()));
            transport.start(this);
            for (Node node : nodes) {
                if (node != this) {
                    transport.addPeer(node.machine.id(), node.machine.id().name());
                }
            }
            loop = machine.loops().start("commit", this);
            tick();
        }

        private void openStore() {
            store = machine.disks()
                    .create(new WalStoreContext(
                            Path.of("wal"), RegionId.of(0), WalStoreContext.DEFAULT_SEGMENT_BYTES, Runnable::run));
            long last = store.status(LOG).lastSeqno();
            assertThat(last).as("last seqno after a restart").isGreaterThanOrEqualTo(durableSeqno);
            batches = new BatchSequence(LOG, last + 1, 0);
        }

        private void tick() {
            if (!up.isEmpty()) {
                NodeId to =
                        up.get((int) Long.remainderUnsigned(machine.randomness().nextLong(), up.size()));
                transport
                        .request(
                                to,
                                ByteBuffer.allocate(100)
                                        .putLong(0, machine.clock().wallNanos()),
                                TICK)
                        .whenComplete((answer, failure) -> answers += failure == null ? 1 : 0);
            }
            machine.scheduler().schedule(TICK, this::tick);
        }

        @Override
        public boolean runOnce() {
            if (queue.isEmpty()) {
                return false;
            }
            List<Runnable> taken = List.copyOf(queue);
            queue.clear();
            try {
                store.append(LOG, batches.next(taken.size()));
                store.sync();
                durableSeqno = batches.nextSeqno() - 1;
                taken.forEach(Runnable::run);
            } catch (TidalException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.STORE_FAILED);
                openStore();
            }
            return true;
        }

        @Override
        public void broken(Error error) {
            throw error;
        }

        @Override
        public boolean hasWork() {
            return !queue.isEmpty();
        }

        @Override
        public void peerUp(NodeId peer) {
            up.add(peer);
        }

        @Override
        public void peerDown(NodeId peer) {
            up.remove(peer);
        }

        @Override
        public void message(NodeId peer, ByteBuffer message) {
            throw new AssertionError("nobody sends messages");
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
            CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
            ByteBuffer copy =
                    ByteBuffer.allocate(message.remaining()).put(message).flip();
            queue.add(() -> answer.complete(copy));
            loop.wake();
            return answer;
        }

        @Override
        public void writable(NodeId peer) {}
    }
}
