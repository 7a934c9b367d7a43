package io.tidaldb.api.transport;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;

/**
 * What a transport is given to live in.
 *
 * @param local the node that it speaks for
 * @param listen where it is to be reached, in the transport's own form; may leave the choice of a port to the transport
 * @param maxMessageBytes size of the largest message; 1 KiB to 64 MiB
 * @param queueBytes most bytes sent to one peer that have not reached it; at least {@code maxMessageBytes}
 * @param scheduler runs the handler; timers go by its time
 */
public record TransportContext(
        NodeId local, String listen, int maxMessageBytes, long queueBytes, Scheduler scheduler) {}
