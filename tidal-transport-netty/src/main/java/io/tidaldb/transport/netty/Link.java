package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.FileRange;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.transport.netty.Greeting.Hello;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection to a peer that both sides know to be the one. Any thread sends; the scheduler receives. */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, and that is seen.
final class Link {

    private static final Logger LOG = LoggerFactory.getLogger(Link.class);

    private final NettyTransport transport;
    private final NodeId peer;
    private final long id;
    private final int instance;
    private final int maxMessageBytes;
    private final Channel channel;
    private final String who;
    private final boolean copiesFiles;
    private final Outbox outbox;
    private final Inbox inbox;
    private final OpenRequests requests;
    private final AtomicInteger unanswered = new AtomicInteger();
    private volatile boolean ended;

    /** Creates one on a connection whose other side has said hello. */
    Link(NettyTransport transport, NodeId peer, long id, Hello hello, Channel channel) {
        this.transport = transport;
        this.peer = peer;
        this.id = id;
        this.instance = hello.instance();
        this.maxMessageBytes = Math.min(hello.maxMessageBytes(), transport.maxMessageBytes());
        this.channel = channel;
        this.who = "node " + peer + " at " + Sockets.print(channel.remoteAddress());
        this.copiesFiles = channel.pipeline().get(SslHandler.class) != null;
        this.outbox = new Outbox(channel, transport.queueBytes(), this::announceRoom, this::fail);
        this.inbox = new Inbox(channel, transport.scheduler(), transport.queueBytes(), this::receive);
        this.requests = new OpenRequests(peer, transport.scheduler());
    }

    long id() {
        return id;
    }

    /** Returns which start of the peer it leads to. */
    int instance() {
        return instance;
    }

    Outbox outbox() {
        return outbox;
    }

    Inbox inbox() {
        return inbox;
    }

    /** Returns the largest message that this side takes. */
    int takesBytes() {
        return transport.maxMessageBytes();
    }

    // Sending

    boolean send(ByteBuffer message) {
        int bytes = checkSize(message.remaining());
        if (ended || !outbox.admit(bytes)) {
            return false;
        }
        outbox.add(frame(Frame.MESSAGE, 0, 0, message, 0));
        return true;
    }

    boolean send(ByteBuffer head, FileRange body) {
        int bytes = checkSize((long) head.remaining() + body.bytes());
        checkLength(body);
        if (ended || !outbox.admit(bytes)) {
            return false;
        }
        outbox.add(new FileMessage(
                frame(Frame.MESSAGE, 0, 0, head, body.bytes()),
                body,
                copiesFiles,
                () -> transport.scheduler().execute(body.release())));
        return true;
    }

    void request(ByteBuffer message, Duration deadline, CompletableFuture<ByteBuffer> answer) {
        int bytes = checkSize(message.remaining());
        if (ended) {
            transport.fail(answer, transport.unavailable(peer));
            return;
        }
        int number = requests.open(answer, deadline);
        if (number == 0) {
            transport.fail(answer, overloaded(OpenRequests.MAX + " requests to it have no answer yet"));
        } else if (!outbox.admit(bytes)) {
            fail(number, overloaded("the queue of " + transport.queueBytes() + " bytes to it is full"));
        } else {
            outbox.add(frame(Frame.REQUEST, number, Frame.millis(deadline), message, 0));
            if (ended) {
                // It may have ended before it knew of this one.
                fail(number, transport.unavailable(peer));
            }
        }
    }

    private void fail(int number, TidalException reason) {
        transport.scheduler().execute(() -> requests.fail(number, reason));
    }

    private TidalException overloaded(String why) {
        return new TidalException(
                ErrorCode.OVERLOADED, "node " + peer + " takes no more: " + why + "; try again after a pause");
    }

    private int checkSize(long bytes) {
        if (bytes > maxMessageBytes) {
            throw TidalException.invalid("a message of " + bytes + " bytes to node " + peer
                    + " is too large: expected at most " + maxMessageBytes);
        }
        return (int) bytes;
    }

    private void checkLength(FileRange body) {
        try {
            long size = body.channel().size();
            if (size < body.position() + body.bytes()) {
                throw TidalException.invalid("a message to node " + peer + ": the file ends at " + size + ", expected "
                        + body.bytes() + " bytes at " + body.position());
            }
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "the file of a message to node " + peer + " can't be read: " + e, e);
        }
    }

    /** Returns a frame that holds a body, or its beginning if more bytes follow. */
    private ByteBuf frame(int kind, int number, int millis, ByteBuffer body, int more) {
        int part = body.remaining();
        return Frame.begin(channel.alloc(), kind, number, millis, part, part + more)
                .writeBytes(body);
    }

    private void announceRoom() {
        transport.tell(handler -> handler.writable(peer));
    }

    /** Notes when a request's time will be up, in place of how much was left. On the event loop. */
    void arrived(ByteBuf request) {
        Frame.millis(request, transport.nowMillis() + Math.max(0, Frame.millis(request)));
    }

    // Receiving, on the scheduler

    private void receive(ByteBuf frame) {
        TransportHandler handler = transport.handler();
        if (handler == null) {
            return;
        }
        int number = Frame.number(frame);
        ByteBuffer body =
                frame.nioBuffer(frame.readerIndex() + Frame.HEADER_BYTES, frame.readableBytes() - Frame.HEADER_BYTES);
        try {
            switch (Frame.kind(frame)) {
                case Frame.MESSAGE -> handler.message(peer, body);
                case Frame.REQUEST -> {
                    if (Frame.millis(frame) - transport.nowMillis() > 0) {
                        serve(handler, number, body);
                    }
                }
                case Frame.ANSWER ->
                    requests.complete(
                            number,
                            ByteBuffer.allocate(body.remaining()).put(body).flip());
                default -> requests.fail(number, Failures.decode(body));
            }
        } catch (RuntimeException e) {
            LOG.error("node {} failed at what {} sent", transport.local(), who, e);
        }
    }

    private void serve(TransportHandler handler, int number, ByteBuffer body) {
        if (unanswered.incrementAndGet() > OpenRequests.MAX) {
            answer(number, null, overloaded(OpenRequests.MAX + " requests to it have no answer yet"));
            return;
        }
        CompletionStage<ByteBuffer> answer;
        try {
            answer = handler.request(peer, body);
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.whenComplete((bytes, failure) -> answer(number, bytes, failure));
    }

    private void answer(int number, @Nullable ByteBuffer bytes, @Nullable Throwable failure) {
        unanswered.decrementAndGet();
        if (ended) {
            return;
        }
        int kind = bytes != null ? Frame.ANSWER : Frame.FAILURE;
        ByteBuffer body = bytes != null
                ? bytes
                : Failures.encode(failure != null ? failure : new NullPointerException("no answer"));
        if (body.remaining() > maxMessageBytes) {
            kind = Frame.FAILURE;
            body = Failures.encode(TidalException.invalid(
                    "an answer of " + body.remaining() + " bytes is too large: expected at most " + maxMessageBytes));
        }
        if (!outbox.admitAnswer(body.remaining())) {
            kind = Frame.FAILURE;
            body = Failures.encode(overloaded("it does not read its answers"));
            if (!outbox.admitAnswer(body.remaining())) {
                fail("it asks, and does not read the answers");
                return;
            }
        }
        outbox.add(frame(kind, number, 0, body, 0));
    }

    // Its life

    void reportUp() {
        LOG.info("node {} is linked to {}", transport.local(), who);
        transport.tellNow(handler -> handler.peerUp(peer));
    }

    void reportDown() {
        inbox.drain();
        inbox.discard();
        requests.failAll(transport.unavailable(peer));
        LOG.info("node {} is no longer linked to {}", transport.local(), who);
        transport.tellNow(handler -> handler.peerDown(peer));
    }

    /**
     * Ends it: nothing is sent or read any more.
     *
     * @param discard whether what has come is not handed over either
     */
    void end(boolean discard) {
        ended = true;
        if (discard) {
            inbox.discard();
        }
        channel.close();
    }

    /** Ends it after what waits was sent and the peer has read it; returns what closes then. */
    Channel finish() {
        ended = true;
        inbox.discard();
        outbox.whenEmpty(() -> Sockets.shutdownOutput(channel));
        return channel;
    }

    /** Ends it because of what the peer did, or did not do. */
    void fail(String reason) {
        if (!ended && channel.isActive()) {
            transport.refused(who, reason);
        }
        channel.close();
    }

    /** The connection is closed. On the event loop. */
    void lost() {
        outbox.close();
        transport.lost(this, peer);
    }
}
