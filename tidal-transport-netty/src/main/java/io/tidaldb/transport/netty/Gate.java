package io.tidaldb.transport.netty;

import io.netty.channel.Channel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Who may come in: bounds the connections that others have made. Safe for any number of threads. */
final class Gate {

    private final int maxConnections;
    private final int maxHandshakes;
    private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
    private final Set<Channel> handshakes = ConcurrentHashMap.newKeySet();

    Gate(Limits limits) {
        this.maxConnections = limits.connections();
        this.maxHandshakes = limits.handshakes();
    }

    /** Lets a connection in until it is closed; or returns why not. */
    synchronized @Nullable String enter(Channel channel) {
        if (connections.size() >= maxConnections) {
            return "there are " + maxConnections + " connections already, as many as may be";
        }
        if (handshakes.size() >= maxHandshakes) {
            return maxHandshakes + " connections have not finished their handshake yet, as many as may be";
        }
        connections.add(channel);
        handshakes.add(channel);
        channel.closeFuture().addListener(closed -> {
            connections.remove(channel);
            handshakes.remove(channel);
        });
        return null;
    }

    void handshakeOver(Channel channel) {
        handshakes.remove(channel);
    }
}
