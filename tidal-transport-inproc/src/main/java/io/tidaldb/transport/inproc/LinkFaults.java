package io.tidaldb.transport.inproc;

import io.tidaldb.api.NodeId;
import java.nio.ByteBuffer;

/** Decides what becomes of messages. Called by whoever sends. */
@FunctionalInterface
public interface LinkFaults {

    /**
     * Returns the fate of a message.
     *
     * @param message may be changed: what arrives is what is left in it
     */
    Fate fate(NodeId from, NodeId to, ByteBuffer message);
}
