package io.tidaldb.api.transport;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Carries messages between nodes.
 *
 * <ul>
 *   <li>Messages to one peer arrive in the order in which they were sent, each once and as it was, until the link is reported down; those
 *       of a later link arrive after it was reported up again. What was under way when a link went down may have arrived or not.
 *   <li>A dead or slow peer takes no more memory than its queue, and never keeps a message to another peer waiting.
 *   <li>Who has added a node that has not added him is linked if the node's handler {@link TransportHandler#admits} him, such as a client
 *       ({@link NodeId#isClient}). Nobody dials a client: it need not listen.
 *   <li>No call blocks. Safe for any number of threads; messages of one thread keep their order.
 *   <li>The handler is called by the context's scheduler alone.
 * </ul>
 *
 * {@code TransportContract} in the testkit checks each line above.
 */
public interface Transport extends AutoCloseable {

    /**
     * Starts to listen. Called once, before anything else.
     *
     * @throws TidalException {@link ErrorCode#INVALID_CONFIGURATION} if it can't listen where it was told to
     */
    void start(TransportHandler handler);

    /** Returns the address at which peers reach this node: the configured one, with the real port. */
    String address();

    /**
     * Keeps a link to a peer from now on: connects, and again whenever the link is lost, until the peer is removed. Both sides add each
     * other; it does not matter who is first. A peer that is there already gets the new address.
     *
     * @throws TidalException INVALID_ARGUMENT if no peer can be at such an address
     */
    void addPeer(NodeId peer, String address);

    /** Drops the link to a peer and forgets it; one that is not there is ignored. */
    void removePeer(NodeId peer);

    /**
     * Sends a message.
     *
     * @param message its remaining bytes are taken over before this returns
     * @return false if the link is down or the peer's queue is full, and then it was not sent; when there is room again the handler's
     *     {@link TransportHandler#writable} is called
     * @throws TidalException INVALID_ARGUMENT if it is larger than a message may be
     */
    boolean send(NodeId peer, ByteBuffer message);

    /**
     * Sends a message whose end is in a file, if the transport can without a copy of it. It arrives like any other.
     *
     * @param head how the message begins; its remaining bytes are taken over before this returns
     * @param body how it ends; taken over only if this returns true, and then released, by the scheduler or in the caller's stack, when the
     *     message has left or the link went down. If this returns false or throws, it is still the caller's
     * @return as {@link #send(NodeId, ByteBuffer)}
     * @throws TidalException INVALID_ARGUMENT if both together are larger than a message may be, or the file ends before the range does;
     *     {@link ErrorCode#STORE_FAILED} if it can't be read. Where that comes out only later, the link goes down
     */
    default boolean send(NodeId peer, ByteBuffer head, FileRange body) {
        ByteBuffer message = ByteBuffer.allocate(Math.addExact(head.remaining(), body.bytes()));
        message.put(head.duplicate());
        try {
            body.readInto(message);
        } catch (EOFException e) {
            throw new TidalException(
                    ErrorCode.INVALID_ARGUMENT, "a message to node " + peer + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "the file of a message to node " + peer + " can't be read: " + e, e);
        }
        boolean sent = send(peer, message.flip());
        if (sent) {
            body.release().run();
        }
        return sent;
    }

    /**
     * Sends a request. The stage completes on the scheduler, with a buffer of the caller's own, or fails: {@link ErrorCode#OVERLOADED} if
     * the peer's queue is full and {@link ErrorCode#PEER_UNAVAILABLE} if the link is down, and then it was not sent; PEER_UNAVAILABLE also
     * if the link goes down before the answer; {@link ErrorCode#DEADLINE_EXCEEDED}; {@link ErrorCode#CLOSED}; or with what the peer's
     * handler failed with.
     *
     * @throws TidalException INVALID_ARGUMENT if it is larger than a message may be
     */
    CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message, Duration deadline);

    /** Drops all links and stops to listen; open requests fail with CLOSED. The handler is not called any more. A second close does nothing. */
    @Override
    void close();
}
