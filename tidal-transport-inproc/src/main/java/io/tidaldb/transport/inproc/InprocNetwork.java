package io.tidaldb.transport.inproc;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What the transports of one process are connected by. Undisturbed, messages arrive at once; it can be told otherwise.
 *
 * <p>Its lock guards who is there and which links stand; messages do not take it. Safe for any number of threads.
 */
public final class InprocNetwork {

    private final Map<String, InprocTransport> listening = new LinkedHashMap<>();
    private final Set<Direction> blocked = new HashSet<>();
    private final List<Link> links = new ArrayList<>();
    private volatile LinkFaults faults = (from, to, message) -> Fate.NORMAL;
    private volatile Duration detection = Duration.ZERO;

    /** Creates an undisturbed network without nodes. */
    public InprocNetwork() {}

    private record Direction(NodeId from, NodeId to) {}

    /** Decides the fate of every message from now on. */
    public void faults(LinkFaults decide) {
        faults = decide;
    }

    LinkFaults faults() {
        return faults;
    }

    /** Sets how long it takes until both sides of a blocked link notice; what is sent meanwhile is held back, and lost when they do. */
    public void detection(Duration delay) {
        detection = delay;
    }

    /** A direction in which nothing passes until it is closed. */
    public final class Block implements AutoCloseable {

        private final Direction direction;
        private final LongAdder lost = new LongAdder();

        private Block(Direction direction) {
            this.direction = direction;
        }

        /** Returns how many messages were held back, and are lost unless this is closed before anybody notices. */
        public long lost() {
            return lost.sum();
        }

        @Override
        public void close() {
            heal(direction);
        }
    }

    /** Lets nothing pass from a node to another. A link that has lost one direction is lost in both as soon as it is noticed. */
    public Block block(NodeId from, NodeId to) {
        Direction direction = new Direction(from, to);
        Block block = new Block(direction);
        synchronized (this) {
            blocked.add(direction);
            for (Link link : List.copyOf(links)) {
                Channel channel = link.channel(from, to);
                if (channel != null) {
                    channel.hold(block.lost);
                    channel.from().scheduler().schedule(detection, () -> notice(link, direction));
                }
            }
        }
        return block;
    }

    private synchronized void notice(Link link, Direction direction) {
        if (blocked.contains(direction)) {
            down(link);
        }
    }

    private synchronized void heal(Direction direction) {
        blocked.remove(direction);
        for (Link link : links) {
            Channel channel = link.channel(direction.from, direction.to);
            if (channel != null) {
                channel.release();
            }
        }
        connectAll();
    }

    /** Takes down a link between two nodes, as when a connection is reset; it comes up again at once unless something is blocked. */
    public synchronized void disconnect(NodeId one, NodeId other) {
        for (Link link : List.copyOf(links)) {
            if (link.channel(one, other) != null) {
                down(link);
            }
        }
        connectAll();
    }

    synchronized void listen(InprocTransport transport) {
        if (listening.putIfAbsent(transport.address(), transport) != null) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "address \"" + transport.address() + "\" is taken: expected another for node " + transport.local());
        }
        connectAll();
    }

    synchronized void changed() {
        for (Link link : List.copyOf(links)) {
            if (!isWanted(link.one(), link.other())) {
                down(link);
            }
        }
        connectAll();
    }

    synchronized void leave(InprocTransport transport) {
        listening.remove(transport.address(), transport);
        for (Link link : List.copyOf(links)) {
            if (link.one() == transport || link.other() == transport) {
                down(link);
            }
        }
    }

    private void connectAll() {
        List<InprocTransport> all = List.copyOf(listening.values());
        for (int i = 0; i < all.size(); i++) {
            for (int j = i + 1; j < all.size(); j++) {
                connect(all.get(i), all.get(j));
            }
        }
    }

    private void connect(InprocTransport one, InprocTransport other) {
        boolean linked = links.stream().anyMatch(link -> link.one() == one && link.other() == other);
        if (!linked
                && isWanted(one, other)
                && !blocked.contains(new Direction(one.local(), other.local()))
                && !blocked.contains(new Direction(other.local(), one.local()))) {
            Link link = new Link(one, other);
            links.add(link);
            link.up();
        }
    }

    private boolean isWanted(InprocTransport one, InprocTransport other) {
        return one.knows(other.local(), other.address()) && other.knows(one.local(), one.address());
    }

    private void down(Link link) {
        if (links.remove(link)) {
            link.down();
        }
    }

    /** Two nodes that reach each other. */
    private static final class Link {

        private final Channel there;
        private final Channel back;

        Link(InprocTransport one, InprocTransport other) {
            there = new Channel(one, other);
            back = new Channel(other, one);
        }

        InprocTransport one() {
            return there.from();
        }

        InprocTransport other() {
            return there.to();
        }

        @Nullable
        Channel channel(NodeId from, NodeId to) {
            for (Channel channel : List.of(there, back)) {
                if (channel.from().local().equals(from) && channel.to().local().equals(to)) {
                    return channel;
                }
            }
            return null;
        }

        // Both sides are told before either can send, and can send no more before either is told: so no message comes
        // outside its link.
        void up() {
            List.of(there, back).forEach(channel -> channel.from().announce(channel, true));
            List.of(there, back).forEach(channel -> channel.from().open(channel));
        }

        void down() {
            List.of(there, back).forEach(Channel::close);
            List.of(there, back).forEach(channel -> channel.from().drop(channel));
            List.of(there, back).forEach(channel -> channel.from().announce(channel, false));
        }
    }
}
