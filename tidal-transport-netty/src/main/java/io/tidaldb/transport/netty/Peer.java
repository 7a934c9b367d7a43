package io.tidaldb.transport.netty;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.tidaldb.api.NodeId;
import io.tidaldb.transport.netty.Greeting.Hello;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node that this one keeps a link to. Its lock guards all of it, and orders what the handler is told of links.
 *
 * <p>Both nodes dial; the one with the smaller name decides. It numbers the links that it grants, and grants another one only if it has
 * none, or if the other side has started anew, or has said that it knows the one that there is and has lost it. So of two connections made at
 * the same time one is the link, on both sides, and the other is closed before anything was sent on it.
 */
final class Peer {

    private static final Logger LOG = LoggerFactory.getLogger(Peer.class);

    private final NettyTransport transport;
    private final NodeId id;
    private final boolean guest;
    private @Nullable Endpoint address;
    private boolean wanted = true;
    private boolean dialling;
    private int failures;
    private long lastLink;
    private @Nullable Future<?> retry;
    private volatile @Nullable Link link;

    /**
     * Creates one.
     *
     * @param guest whether it is a stranger whom this node has not added: it dials, and is forgotten with its link
     */
    Peer(NettyTransport transport, NodeId id, boolean guest) {
        this.transport = transport;
        this.id = id;
        this.guest = guest;
    }

    boolean isGuest() {
        return guest;
    }

    NodeId id() {
        return id;
    }

    /** Returns the link, null if it is down. */
    @Nullable
    Link link() {
        return link;
    }

    synchronized long lastLink() {
        return lastLink;
    }

    // Dialling

    synchronized void dial(Endpoint to) {
        address = to;
        failures = 0;
        dial();
    }

    private synchronized void dial() {
        stopRetry();
        Endpoint to = address;
        if (wanted && link == null && !dialling && to != null) {
            dialling = true;
            transport.connect(this, to);
        }
    }

    /** An attempt is over: the connection could not be made, or was closed, whether it was a link meanwhile or not. */
    synchronized void dialled(@Nullable Throwable failure) {
        dialling = false;
        if (wanted && link == null) {
            if (failure != null && failures == 0) {
                LOG.info(
                        "node {} can't reach node {} at {} and tries again: {}",
                        transport.local(),
                        id,
                        address,
                        Echo.plain(Tls.reason(failure)));
            }
            retryLater();
        }
    }

    private void retryLater() {
        if (retry != null || dialling || guest) {
            return;
        }
        Limits limits = transport.limits();
        long most = Math.min(limits.lastRetry().toNanos(), limits.firstRetry().toNanos() << Math.min(failures, 20));
        failures++;
        // Nodes that have lost each other together do not come back together.
        long pause = most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1);
        retry = transport.later(this::retry, pause, TimeUnit.NANOSECONDS);
    }

    private synchronized void retry() {
        retry = null;
        dial();
    }

    private void stopRetry() {
        if (retry != null) {
            retry.cancel(false);
            retry = null;
        }
    }

    // Links

    /** Makes a connection the link, if there is to be one; null if not. Called by the node that decides. */
    synchronized @Nullable Link admit(Hello hello, Channel channel) {
        Link current = link;
        boolean settled = current != null && current.instance() == hello.instance() && current.id() != hello.lastLink();
        if (!wanted || settled) {
            return null;
        }
        return establish(new Link(transport, id, linkId(transport.instance(), transport.nextLink()), hello, channel));
    }

    /** Makes a connection the link that the peer says it is; null if it said go for a later one already. */
    synchronized @Nullable Link follow(Hello hello, long linkId, Channel channel) {
        Link current = link;
        long latest = current == null ? lastLink : current.id();
        boolean sameInstance = (int) (latest >>> 32) == (int) (linkId >>> 32);
        if (!wanted || (sameInstance && Integer.compareUnsigned((int) linkId, (int) latest) <= 0)) {
            return null;
        }
        return establish(new Link(transport, id, linkId, hello, channel));
    }

    private static long linkId(int instance, int number) {
        return (long) instance << 32 | Integer.toUnsignedLong(number);
    }

    private Link establish(Link next) {
        drop(false);
        stopRetry();
        failures = 0;
        link = next;
        transport.scheduler().execute(next::reportUp);
        return next;
    }

    /** A link's connection is closed. */
    synchronized void lost(Link ended) {
        if (link == ended) {
            drop(false);
            retryLater();
            leave();
        }
    }

    /** A connection of it has ended; a guest without a link is gone. */
    synchronized void leave() {
        if (guest && link == null) {
            wanted = false;
            transport.forget(this);
        }
    }

    /** Forgets the peer: no link any more, and nothing of what came on it is handed over. */
    synchronized void remove() {
        wanted = false;
        stopRetry();
        drop(true);
    }

    private void drop(boolean discard) {
        Link current = link;
        if (current != null) {
            link = null;
            lastLink = current.id();
            current.end(discard);
            transport.scheduler().execute(current::reportDown);
        }
    }

    /** No link is made any more; returns the one that there is, which is still to be ended. */
    synchronized @Nullable Link close() {
        wanted = false;
        stopRetry();
        Link current = link;
        link = null;
        return current;
    }
}
