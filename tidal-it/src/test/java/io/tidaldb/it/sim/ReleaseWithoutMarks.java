package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.FileRange;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.transport.TransportHandler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What a node of a release sends and answers that does not know how nodes tell each other how far their control logs have come: it tells
 * nobody, and refuses who tells it, as such a release does.
 */
final class ReleaseWithoutMarks implements TransportFactory {

    /** The channel of requests that the release after it has added. */
    private static final byte MARK = 4;

    private final TransportFactory transports;
    private long refused;

    /** Hides it from what these transports carry. */
    ReleaseWithoutMarks(TransportFactory transports) {
        this.transports = transports;
    }

    /** Returns how many of those who told such a node were refused. */
    long refused() {
        return refused;
    }

    @Override
    public String name() {
        return transports.name();
    }

    @Override
    public int spiVersion() {
        return transports.spiVersion();
    }

    @Override
    public Transport create(TransportContext context) {
        return new Without(transports.create(context));
    }

    private static boolean isMark(ByteBuffer request) {
        return request.hasRemaining() && request.get(request.position()) == MARK;
    }

    private static CompletionStage<ByteBuffer> unknown() {
        return CompletableFuture.failedFuture(new TidalException(
                ErrorCode.UNSUPPORTED,
                "a request on channel " + MARK
                        + " is not known: expected 1 to 3; one of the two nodes is newer than the other"));
    }

    private final class Without implements Transport {

        private final Transport transport;

        Without(Transport transport) {
            this.transport = transport;
        }

        @Override
        public void start(TransportHandler handler) {
            transport.start(new Refusing(handler));
        }

        @Override
        public String address() {
            return transport.address();
        }

        @Override
        public void addPeer(NodeId peer, String address) {
            transport.addPeer(peer, address);
        }

        @Override
        public void removePeer(NodeId peer) {
            transport.removePeer(peer);
        }

        @Override
        public boolean send(NodeId peer, ByteBuffer message) {
            return transport.send(peer, message);
        }

        @Override
        public boolean send(NodeId peer, ByteBuffer head, FileRange body) {
            return transport.send(peer, head, body);
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message, Duration deadline) {
            return isMark(message) ? unknown() : transport.request(peer, message, deadline);
        }

        @Override
        public void close() {
            transport.close();
        }
    }

    private final class Refusing implements TransportHandler {

        private final TransportHandler handler;

        Refusing(TransportHandler handler) {
            this.handler = handler;
        }

        @Override
        public void peerUp(NodeId peer) {
            handler.peerUp(peer);
        }

        @Override
        public void peerDown(NodeId peer) {
            handler.peerDown(peer);
        }

        @Override
        public void message(NodeId peer, ByteBuffer message) {
            handler.message(peer, message);
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
            if (isMark(message)) {
                refused++;
                return unknown();
            }
            return handler.request(peer, message);
        }

        @Override
        public boolean admits(NodeId stranger) {
            return handler.admits(stranger);
        }

        @Override
        public void refused(String host, PeerRefusal why) {
            handler.refused(host, why);
        }

        @Override
        public void writable(NodeId peer) {
            handler.writable(peer);
        }
    }
}
