package io.tidaldb.api.control;

import io.tidaldb.api.NodeId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * How the members of a control log reach each other: by requests that travel over the node's transport, beside everything else that nodes
 * tell each other. No call blocks. Safe for any number of threads.
 */
public interface ControlNetwork {

    /** Answers what other members ask. */
    @FunctionalInterface
    interface Handler {

        /**
         * Answers a request; the stage's result, or its failure's code and text, is sent back. Must not block.
         *
         * @param message valid during the call
         */
        CompletionStage<ByteBuffer> request(NodeId member, ByteBuffer message);
    }

    /** Returns the size of the largest message: at least twice {@link ControlLog#MAX_COMMAND_BYTES}. */
    int maxMessageBytes();

    /** Begins to answer the requests of other members; what arrives before is refused as PEER_UNAVAILABLE. Called once. */
    void serve(Handler handler);

    /**
     * Asks another member. Fails as {@link io.tidaldb.api.transport.Transport#request} does.
     *
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if the message is larger than {@link #maxMessageBytes}
     */
    CompletionStage<ByteBuffer> request(NodeId member, ByteBuffer message, Duration deadline);
}
