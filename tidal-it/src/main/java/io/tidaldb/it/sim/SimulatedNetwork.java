package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.transport.inproc.Fate;
import io.tidaldb.transport.inproc.InprocNetwork;
import io.tidaldb.transport.inproc.InprocTransportFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the machines of a world are connected by. Each direction of a link has its quality and its own randomness; a machine that crashes
 * falls silent at that moment.
 */
public final class SimulatedNetwork {

    private static final int LONGEST_HOLD_UP = 10;

    private final SimulatedWorld world;
    private final InprocNetwork network = new InprocNetwork();
    private final TransportFactory transports = new InprocTransportFactory(network);
    private final Map<Direction, Way> ways = new LinkedHashMap<>();
    private final List<Observer> observers = new ArrayList<>();
    private @Nullable Forger forger;
    private LinkQuality usual = LinkQuality.GOOD;

    /** Returns the most bytes that wait on any link in one direction: sent and not yet handed over. */
    public long mostPendingBytes() {
        return network.mostPendingBytes();
    }

    /** Sees what machines send. */
    @FunctionalInterface
    public interface Observer {

        /** A message is sent, whatever becomes of it. Its bytes are still as they were sent, and must stay so. */
        void sent(NodeId from, NodeId to, ByteBuffer message);
    }

    private record Direction(NodeId from, NodeId to) {}

    /** One direction of a link. */
    private static final class Way {

        private final SimulatedRandom random;
        private LinkQuality quality;
        private long freeAtNanos;

        Way(SimulatedRandom random, LinkQuality quality) {
            this.random = random;
            this.quality = quality;
        }
    }

    /** Creates the network of a world. */
    public SimulatedNetwork(SimulatedWorld world) {
        this.world = world;
        network.faults(this::fate);
        network.detection(Duration.ofSeconds(1));
        world.onCut(network::crash);
    }

    /** Returns what makes the machines' transports; each is given its machine's scheduler and listens at {@code ""}. */
    public TransportFactory transports() {
        return transports;
    }

    /** Sets how long it takes until machines notice that a link is cut or a peer has crashed; 1 s unless set. */
    public void detection(Duration delay) {
        network.detection(delay);
    }

    /** Changes what machines send: a sender whose memory is broken. */
    @FunctionalInterface
    public interface Forger {

        /** A message is sent, from its position to its limit, and may be changed. */
        void forge(NodeId from, NodeId to, ByteBuffer message);
    }

    /** Shows this one every message from now on. */
    public void observe(Observer observer) {
        observers.add(observer);
    }

    /** Lets this one change what is sent, from now on; null takes it back. */
    public void forger(@Nullable Forger changes) {
        forger = changes;
    }

    /** Sets what every link is like from now on. */
    public void links(LinkQuality quality) {
        usual = quality;
        ways.values().forEach(way -> way.quality = quality);
    }

    /** Sets what one direction of a link is like from now on. */
    public void link(NodeId from, NodeId to, LinkQuality quality) {
        way(from, to).quality = quality;
    }

    /** Takes down a link, as when a connection is reset; it comes up again at once unless it is cut. */
    public void disconnect(NodeId one, NodeId other) {
        world.note("disconnect " + one + " and " + other);
        network.disconnect(one, other);
    }

    /** Lets nothing pass from a machine to another. */
    public Cut cut(NodeId from, NodeId to) {
        return new Cut(from + " to " + to, Stream.of(new Direction(from, to)));
    }

    /** Lets nothing pass from some machines to others. */
    public Cut cut(Collection<NodeId> from, Collection<NodeId> to) {
        return new Cut(
                from + " to " + to,
                from.stream().flatMap(one -> to.stream().map(another -> new Direction(one, another))));
    }

    /** Lets nothing pass between two machines. */
    public Cut partition(NodeId one, NodeId other) {
        return partition(List.of(one), List.of(other));
    }

    /** Lets nothing pass between those of one side and those of the other. */
    public Cut partition(Collection<NodeId> side, Collection<NodeId> other) {
        return new Cut(
                side + " and " + other,
                side.stream()
                        .flatMap(one -> other.stream()
                                .flatMap(another ->
                                        Stream.of(new Direction(one, another), new Direction(another, one)))));
    }

    /** Lets nothing pass between these machines and all others that the world has now. */
    public Cut isolate(Collection<NodeId> side) {
        return partition(
                side,
                world.machines().stream()
                        .map(SimulatedMachine::id)
                        .filter(id -> !side.contains(id))
                        .toList());
    }

    /** Directions in which nothing passes until this is closed; a second close does nothing. */
    public final class Cut implements AutoCloseable {

        private final String what;
        private final List<InprocNetwork.Block> blocks = new ArrayList<>();
        private boolean closed;

        private Cut(String what, Stream<Direction> directions) {
            this.what = what;
            world.note("cut " + what);
            directions.forEach(way -> blocks.add(network.block(way.from, way.to)));
        }

        /** Returns how many messages it has held back, and thereby lost unless it was closed before anybody noticed. */
        public long lost() {
            return blocks.stream().mapToLong(InprocNetwork.Block::lost).sum();
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                world.note("heal " + what + ", " + lost() + " messages were held back");
                blocks.forEach(InprocNetwork.Block::close);
            }
        }
    }

    private Way way(NodeId from, NodeId to) {
        return ways.computeIfAbsent(
                new Direction(from, to), way -> new Way(world.random("link " + from + " to " + to), usual));
    }

    private Fate fate(NodeId from, NodeId to, ByteBuffer message) {
        observers.forEach(observer -> observer.sent(from, to, message.asReadOnlyBuffer()));
        if (forger != null) {
            forger.forge(from, to, message);
        }
        Way way = way(from, to);
        LinkQuality quality = way.quality;
        SimulatedRandom random = way.random;
        long delayNanos = quality.latency().drawNanos(random);
        if (quality.bytesPerSecond() > 0) {
            long now = world.nanoTime();
            way.freeAtNanos = Math.max(way.freeAtNanos, now)
                    + Math.max(1, message.remaining() * 1_000_000_000L / quality.bytesPerSecond());
            delayNanos += way.freeAtNanos - now;
        }
        int copies = random.chance(quality.lost()) ? 0 : random.chance(quality.doubled()) ? 2 : 1;
        boolean late = random.chance(quality.reordered());
        if (late) {
            delayNanos += random.between(1, LONGEST_HOLD_UP * (quality.latency().typicalNanos() + 1));
        }
        boolean spoilt = message.hasRemaining() && random.chance(quality.spoilt());
        if (spoilt) {
            long bit = random.below((long) message.remaining() * Byte.SIZE);
            int at = message.position() + (int) (bit / Byte.SIZE);
            message.put(at, (byte) (message.get(at) ^ 1 << bit % Byte.SIZE));
        }
        if (world.trace().isOn()) {
            world.trace()
                    .add(
                            world.nanoTime(),
                            from.name(),
                            "sends " + message.remaining() + " bytes to " + to + ", " + copies + " times in "
                                    + delayNanos + " ns" + (late ? ", late" : "") + (spoilt ? ", spoilt" : ""));
        }
        return new Fate(Duration.ofNanos(delayNanos), copies, late);
    }
}
