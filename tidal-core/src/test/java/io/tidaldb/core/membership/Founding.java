package io.tidaldb.core.membership;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.testkit.VirtualTime;
import io.tidaldb.testkit.disk.Loss;
import io.tidaldb.testkit.disk.MemoryDisk;
import io.tidaldb.transport.inproc.Fate;
import io.tidaldb.transport.inproc.InprocNetwork;
import io.tidaldb.transport.inproc.InprocTransportFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Nodes with which a cluster is made, in virtual time, from one seed: they start, crash, are cut off, lose their disks and come back, and
 * whatever they do, no cluster comes to decide while another one that did can still be told of.
 */
final class Founding implements AutoCloseable {

    private static final int MESSAGE_BYTES = 64 << 10;
    private static final Duration HEALED = Duration.ofMinutes(1);

    private final VirtualTime time = new VirtualTime();
    private final InprocNetwork network = new InprocNetwork();
    private final InprocTransportFactory transports = new InprocTransportFactory(network);
    private final Random random;
    private final List<Founder> nodes = new ArrayList<>();
    private final List<InprocNetwork.Block> cuts = new ArrayList<>();

    /** What has come to decide, most of its nodes having promised to. */
    private @Nullable String decides;

    private int made;
    private int refused;
    private int wiped;

    Founding(long seed) {
        random = new Random(seed);
        int slowest = 1 + random.nextInt(500);
        network.faults((from, to, message) -> new Fate(Duration.ofMillis(random.nextInt(slowest)), 1, false));
        network.detection(Duration.ofSeconds(1));
        int count = random.nextInt(4) == 0 ? 5 : 3;
        for (int i = 0; i < count; i++) {
            nodes.add(new Founder(NodeId.of("n" + i)));
        }
    }

    /** Returns how many clusters have come to decide. */
    int made() {
        return made;
    }

    int refused() {
        return refused;
    }

    int wiped() {
        return wiped;
    }

    /**
     * Lets things happen, then lets everything heal.
     *
     * @param losesDisks whether disks are lost, too
     */
    void run(boolean losesDisks) {
        for (int i = 0; i < 150; i++) {
            act(nodes.get(random.nextInt(nodes.size())), losesDisks);
            pass(Duration.ofMillis(random.nextInt(1_000)));
        }
        cuts.forEach(InprocNetwork.Block::close);
        nodes.forEach(Founder::start);
        pass(HEALED);
        boolean forgotten = nodes.stream().allMatch(node -> node.cluster().isEmpty());
        if (!losesDisks || forgotten && refused == 0) {
            for (Founder node : nodes) {
                if (!node.takesPart() || !node.cluster().equals(decides)) {
                    throw new AssertionError(node.id + " takes no part " + HEALED + " after all was healed: " + nodes);
                }
            }
        }
    }

    private void act(Founder node, boolean losesDisks) {
        switch (random.nextInt(losesDisks ? 8 : 6)) {
            case 0, 1, 2 -> node.start();
            case 3 -> node.crash();
            case 4 -> cut(node.id, nodes.get(random.nextInt(nodes.size())).id);
            case 5 -> nodes.forEach(other -> cut(node.id, other.id));
            default -> {
                node.crash();
                node.wipe();
            }
        }
    }

    private void cut(NodeId one, NodeId other) {
        if (!one.equals(other)) {
            List<InprocNetwork.Block> both = List.of(network.block(one, other), network.block(other, one));
            cuts.addAll(both);
            time.schedule(Duration.ofMillis(random.nextInt(8_000)), () -> both.forEach(InprocNetwork.Block::close));
        }
    }

    private void pass(Duration span) {
        long end = time.nanoTime() + span.toNanos();
        while (time.nextDueNanos() <= end) {
            time.runNext();
            nodes.forEach(Founder::goOn);
        }
        time.runUntil(end);
    }

    private void check() {
        Map<String, Integer> members = new TreeMap<>();
        nodes.forEach(node -> members.merge(node.cluster(), 1, Integer::sum));
        members.remove("");
        members.forEach((cluster, promised) -> {
            if (promised * 2 > nodes.size() && !cluster.equals(decides)) {
                if (decides != null && members.containsKey(decides)) {
                    throw new AssertionError("cluster " + cluster + " decides, though one was made before: " + nodes);
                }
                decides = cluster;
                made++;
            }
        });
    }

    @Override
    public void close() {
        nodes.forEach(Founder::crash);
    }

    /** A node: its disk, and the process on it, if one runs. */
    private final class Founder {

        private final NodeId id;
        private MemoryDisk disk = new MemoryDisk();
        private String identity = Long.toHexString(random.nextLong());
        private @Nullable Incarnation process;

        Founder(NodeId id) {
            this.id = id;
        }

        /** Returns which cluster it has promised something to, as far as its disk says. */
        String cluster() {
            return Founders.cluster(new Founders(disk.root()).read());
        }

        boolean takesPart() {
            return process != null && process.entered;
        }

        void start() {
            if (process == null) {
                process = new Incarnation(this);
                goOn();
            }
        }

        void goOn() {
            Incarnation running = process;
            if (running != null && running.opening.isReady()) {
                running.opening.goOn();
                check();
                if (running.opening.isOver() && !running.entered) {
                    crash();
                }
            }
        }

        void crash() {
            Incarnation running = process;
            if (running != null) {
                process = null;
                running.end();
                disk = disk.afterCut(Loss.EVERYTHING);
            }
        }

        void wipe() {
            wiped++;
            disk = new MemoryDisk();
            identity = Long.toHexString(random.nextLong());
        }

        @Override
        public String toString() {
            return id + " with directory " + identity + " of cluster \"" + cluster() + "\", "
                    + (process == null ? "down" : takesPart() ? "up" : "waiting");
        }
    }

    private final class Incarnation {

        private final Founder of;
        private final Timers timers = new Timers();
        private final Opening opening;
        private boolean entered;

        Incarnation(Founder of) {
            this.of = of;
            SortedMap<NodeId, String> peers = new TreeMap<>();
            nodes.stream().filter(each -> each != of).forEach(each -> peers.put(each.id, each.id.name()));
            ClusterMember member = ClusterMember.of("c", of.id, of.id.name(), peers);
            NodeNetwork links = new NodeNetwork(
                    transports.create(
                            new TransportContext(of.id, of.id.name(), MESSAGE_BYTES, 4 * MESSAGE_BYTES, timers)),
                    timers,
                    MESSAGE_BYTES);
            links.start();
            peers.forEach(links::addPeer);
            Admission admission =
                    new Admission(of.id, RegionId.of(0), of.identity, links, new Founders(of.disk.root()), false);
            opening = new Opening(() -> enter(new Entry(member, admission, links, opening(), null)));
        }

        private LoopFactory opening() {
            return opening;
        }

        private void enter(Entry entry) {
            try {
                entry.await();
                entered = true;
            } catch (TidalException e) {
                if (Admission.isVerdict(e)) {
                    refused++;
                }
            }
        }

        void end() {
            timers.close();
            network.crash(of.id);
            opening.end();
        }
    }

    /** A process' timers, which end with it. */
    private final class Timers implements LoopScheduler {

        private boolean closed;

        @Override
        public long nanoTime() {
            return time.nanoTime();
        }

        @Override
        public void execute(Runnable task) {
            schedule(Duration.ZERO, task);
        }

        @Override
        public Cancellable schedule(Duration delay, Runnable task) {
            return time.schedule(delay, () -> {
                if (!closed) {
                    task.run();
                }
            });
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** The thread that opens: it and the one that lets time pass take turns, so that never more than one of all runs. */
    private final class Opening implements LoopFactory {

        private final Turns turns;
        private @Nullable CompletableFuture<?> awaited;
        private long endNanos;

        Opening(Runnable what) {
            turns = new Turns(what);
        }

        boolean isReady() {
            CompletableFuture<?> result = awaited;
            return !turns.isOver() && (result == null || result.isDone() || time.nanoTime() >= endNanos);
        }

        boolean isOver() {
            return turns.isOver();
        }

        void goOn() {
            turns.give();
        }

        void end() {
            turns.end();
        }

        @Override
        public <T> T await(CompletableFuture<T> result, long atMostNanos)
                throws ExecutionException, TimeoutException, InterruptedException {
            endNanos = time.nanoTime() + atMostNanos;
            time.at(endNanos, () -> {});
            awaited = result;
            while (!result.isDone() && time.nanoTime() < endNanos) {
                turns.giveBack();
            }
            return result.get(0, TimeUnit.NANOSECONDS);
        }

        @Override
        public LoopHandle start(String role, LoopBody body) {
            throw new UnsupportedOperationException(role);
        }

        @Override
        public CallbackExecutor callbacks(String role) {
            throw new UnsupportedOperationException(role);
        }

        @Override
        public BackgroundExecutor background(String role) {
            throw new UnsupportedOperationException(role);
        }

        @Override
        public LoopScheduler scheduler(String role) {
            throw new UnsupportedOperationException(role);
        }
    }
}
