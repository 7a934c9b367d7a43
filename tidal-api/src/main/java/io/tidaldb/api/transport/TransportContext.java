package io.tidaldb.api.transport;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * What a transport is given to live in.
 *
 * @param local the node that it speaks for
 * @param listen where it is to be reached, in the transport's own form; empty or without a port to leave the choice to the transport
 * @param maxMessageBytes size of the largest message; 1 KiB to 64 MiB
 * @param queueBytes most bytes sent to one peer that have not reached it; at least {@code maxMessageBytes}
 * @param scheduler runs the handler; deadlines go by its time
 * @param cluster the cluster that the node is in: those of another one are no peers
 * @param advertise where peers reach the node if that is not where it listens, as behind a translation of addresses; else null
 * @param tls how nodes prove who they are; null where they need not
 */
public record TransportContext(
        NodeId local,
        String listen,
        int maxMessageBytes,
        long queueBytes,
        Scheduler scheduler,
        String cluster,
        @Nullable String advertise,
        @Nullable TransportTls tls) {

    /** What a transport within one process, or one machine, is given to live in: a cluster without a name, and no certificates. */
    public TransportContext(NodeId local, String listen, int maxMessageBytes, long queueBytes, Scheduler scheduler) {
        this(local, listen, maxMessageBytes, queueBytes, scheduler, "", null, null);
    }
}
