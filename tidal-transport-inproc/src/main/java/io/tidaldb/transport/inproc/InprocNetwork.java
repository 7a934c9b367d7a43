package io.tidaldb.transport.inproc;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
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
    private final Map<Direction, List<Block>> blocks = new HashMap<>();
    private final Map<Ends, Link> links = new LinkedHashMap<>();

    /** Clients that dial again, and whom. */
    private final Set<Ends> dialling = new HashSet<>();

    private volatile LinkFaults faults = (from, to, message) -> Fate.NORMAL;
    private volatile Duration detection = Duration.ZERO;

    /** Creates an undisturbed network without nodes. */
    public InprocNetwork() {}

    private static final Duration DIAL_AGAIN = Duration.ofMillis(200);

    private record Direction(NodeId from, NodeId to) {}

    private record Ends(InprocTransport one, InprocTransport other) {}

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

    /** A direction in which nothing passes until it is closed, and so is every other block of it. */
    public final class Block implements AutoCloseable {

        private final Direction direction;
        private final LongAdder lost = new LongAdder();

        private Block(Direction direction) {
            this.direction = direction;
        }

        /**
         * Returns how many messages were held back, and are lost unless the direction opens again before anybody notices. Where several
         * block a direction, the first counts.
         */
        public long lost() {
            return lost.sum();
        }

        @Override
        public void close() {
            heal(this);
        }
    }

    /** Lets nothing pass from a node to another. A link that has lost one direction is lost in both as soon as one side notices it. */
    public Block block(NodeId from, NodeId to) {
        Direction direction = new Direction(from, to);
        Block block = new Block(direction);
        synchronized (this) {
            blocks.computeIfAbsent(direction, way -> new ArrayList<>()).add(block);
            for (Link link : List.copyOf(links.values())) {
                Channel channel = link.channel(from, to);
                if (channel != null && channel.hold(block.lost)) {
                    noticeLater(link, channel);
                }
            }
        }
        return block;
    }

    /** Both sides look for a sign of life, each by its own time: one of them may be dead or paused. */
    private void noticeLater(Link link, Channel silent) {
        long hold = silent.holds();
        for (InprocTransport side : List.of(link.one(), link.other())) {
            side.scheduler().schedule(detection, () -> notice(link, silent, hold));
        }
    }

    private synchronized void notice(Link link, Channel silent, long hold) {
        // One that was released and held again since has only just begun to be silent.
        if (silent.isHeld() && silent.holds() == hold) {
            down(link);
        }
    }

    private synchronized void heal(Block block) {
        List<Block> standing = blocks.get(block.direction);
        if (standing == null || !standing.remove(block) || !standing.isEmpty()) {
            return;
        }
        blocks.remove(block.direction);
        for (Link link : links.values()) {
            Channel channel = link.channel(block.direction.from, block.direction.to);
            if (channel != null && !link.isDead()) {
                channel.release();
            }
        }
        connectAll();
    }

    /** Takes down a link between two nodes, as when a connection is reset; it comes up again at once unless something is blocked. */
    public synchronized void disconnect(NodeId one, NodeId other) {
        for (Link link : List.copyOf(links.values())) {
            if (link.channel(one, other) != null) {
                down(link);
            }
        }
        connectAll();
    }

    /**
     * Ends a node as a power cut does: its transport says, takes and answers nothing any more, and its address is free. What it sent before
     * still arrives; what is sent to it is held back. Its peers notice after the time of detection, or when it is there again.
     */
    public synchronized void crash(NodeId node) {
        for (InprocTransport transport : List.copyOf(listening.values())) {
            if (transport.local().equals(node)) {
                listening.remove(transport.address());
                transport.die();
            }
        }
        for (Link link : List.copyOf(links.values())) {
            if (link.isDead()) {
                for (Channel channel : List.of(link.there, link.back)) {
                    channel.hold(new LongAdder());
                    if (channel.to().isDead()) {
                        noticeLater(link, channel);
                    }
                }
            }
        }
    }

    /** Returns the most bytes that wait on any link in one direction: sent and not yet handed over. */
    public synchronized long mostPendingBytes() {
        return links.values().stream()
                .mapToLong(link -> Math.max(link.there.pendingBytes(), link.back.pendingBytes()))
                .max()
                .orElse(0);
    }

    synchronized void listen(InprocTransport transport) {
        if (listening.putIfAbsent(transport.address(), transport) != null) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "address \"" + transport.address() + "\" is taken: expected another for node " + transport.local());
        }
        connect(transport);
    }

    synchronized void changed(InprocTransport transport) {
        for (Link link : List.copyOf(links.values())) {
            if (link.has(transport) && !isWanted(link.one(), link.other())) {
                down(link);
            }
        }
        connect(transport);
    }

    synchronized void leave(InprocTransport transport) {
        listening.remove(transport.address(), transport);
        for (Link link : List.copyOf(links.values())) {
            if (link.has(transport)) {
                down(link);
            }
        }
    }

    private void connectAll() {
        List.copyOf(listening.values()).forEach(this::connect);
    }

    private void connect(InprocTransport transport) {
        if (listening.get(transport.address()) == transport) {
            for (InprocTransport other : List.copyOf(listening.values())) {
                if (other != transport) {
                    connect(transport, other);
                }
            }
        }
    }

    private void connect(InprocTransport one, InprocTransport other) {
        if (isWanted(one, other)
                && !links.containsKey(new Ends(one, other))
                && !links.containsKey(new Ends(other, one))
                && !blocks.containsKey(new Direction(one.local(), other.local()))
                && !blocks.containsKey(new Direction(other.local(), one.local()))) {
            // A link to what the peer was before its crash: now it is known to be dead.
            for (Link link : List.copyOf(links.values())) {
                if (link.isDead() && link.channel(one.local(), other.local()) != null) {
                    down(link);
                }
            }
            Link link = new Link(one, other);
            links.put(new Ends(one, other), link);
            link.up();
        } else {
            dialAgain(one, other);
            dialAgain(other, one);
        }
    }

    // A node that starts listens before it lets clients in, and tells nobody when it does.
    private void dialAgain(InprocTransport client, InprocTransport node) {
        if (client.local().isClient()
                && client.knows(node.local(), node.address())
                && !node.admits(client.local())
                && dialling.add(new Ends(client, node))) {
            client.scheduler().schedule(DIAL_AGAIN, () -> dial(client, node));
        }
    }

    private synchronized void dial(InprocTransport client, InprocTransport node) {
        dialling.remove(new Ends(client, node));
        if (listening.get(client.address()) == client && listening.get(node.address()) == node) {
            connect(client, node);
        }
    }

    private boolean isWanted(InprocTransport one, InprocTransport other) {
        boolean asked = one.knows(other.local(), other.address());
        boolean asks = other.knows(one.local(), one.address());
        return asked && asks || asked && other.admits(one.local()) || asks && one.admits(other.local());
    }

    private void down(Link link) {
        if (links.remove(new Ends(link.one(), link.other()), link)) {
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

        boolean has(InprocTransport end) {
            return one() == end || other() == end;
        }

        /** Returns whether one of its ends has crashed. */
        boolean isDead() {
            return one().isDead() || other().isDead();
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

        // Whoever is told can send at once, but nothing arrives before both are told; and nobody can send any more
        // before
        // either is told that the link is down: so no message comes outside its link.
        void up() {
            List.of(there, back).forEach(channel -> channel.hold(new LongAdder()));
            List.of(there, back).forEach(channel -> channel.from().open(channel));
            List.of(there, back).forEach(channel -> channel.from().announce(channel, true));
            List.of(there, back).forEach(Channel::release);
        }

        void down() {
            List.of(there, back).forEach(Channel::close);
            List.of(there, back).forEach(channel -> channel.from().drop(channel));
            List.of(there, back).forEach(channel -> channel.from().announce(channel, false));
        }
    }
}
