package io.tidaldb.api.transport;

import io.tidaldb.api.NodeId;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** Receives what peers send. Called by the node's scheduler; must not block. */
public interface TransportHandler {

    /** A link to a peer is usable. */
    void peerUp(NodeId peer);

    /** A link to a peer is gone; messages sent on it may not have arrived. */
    void peerDown(NodeId peer);

    /** A message without an answer. The buffer is valid during the call. */
    void message(NodeId peer, ByteBuffer message);

    /** A request; the stage's result, or its failure's code and text, is sent back. The buffer is valid during the call. */
    CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message);

    /**
     * Returns whether a stranger, who has proven his name and is no peer, may have a link that he asks for and keeps up himself. He
     * is forgotten when the link goes down. Called by any thread.
     */
    default boolean admits(NodeId stranger) {
        return false;
    }

    /**
     * Somebody who asked for a link was refused. Called by any thread; must not block.
     *
     * @param host from where he asked, without the port
     */
    default void refused(String host, PeerRefusal why) {}

    /** There is room again in the queue of a peer to whom something was not sent. */
    void writable(NodeId peer);
}
