package io.tidaldb.api.transport;

import io.tidaldb.api.NodeId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Carries messages between nodes. A draft: no implementation exists yet, and replication may still change it.
 *
 * <ul>
 *   <li>Messages to one peer arrive in the order in which they were sent, each once, or the link is reported down.
 *   <li>A dead or slow peer never blocks a message to another.
 *   <li>Handlers are called by one thread at a time for each peer and must not block.
 * </ul>
 */
public interface Transport extends AutoCloseable {

    /** Starts to accept and to connect. Called once. */
    void start(TransportHandler handler);

    /** Sends a message without waiting; false if the peer's queue is full or the link is down, and then it was not sent. */
    boolean send(NodeId peer, ByteBuffer message);

    /** Sends a request and completes with its answer, or fails with DEADLINE_EXCEEDED. */
    CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message, Duration deadline);

    /** Closes all links; open requests fail with CLOSED. */
    @Override
    void close();
}
