package io.tidaldb.api.control;

import io.tidaldb.api.NodeId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * One ordered log of decisions, the same on every node.
 *
 * <ul>
 *   <li>A stage from {@link #propose} that completes normally means: the command is durable on as many nodes as the implementation
 *       promises, has the index it names, and this node's listener has received it. It never completes before that.
 *   <li>One that fails with an outcome of NOT_APPLIED was not and will not be committed; after UNKNOWN it may still be.
 *   <li>Every node's listener receives the same entries in the same order; entries proposed by one caller one after another, each after
 *       the previous stage completed, are in that order.
 *   <li>After a restart the listener receives the newest snapshot, if there is one, and the entries after it, before {@link #watch}
 *       returns.
 * </ul>
 *
 * {@code ControlLogContract} in the testkit checks each line above. Safe for any number of threads.
 */
public interface ControlLog extends AutoCloseable {

    /** Largest command in bytes. */
    int MAX_COMMAND_BYTES = 1 << 20;

    /**
     * Proposes a command.
     *
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if it is empty or larger than {@link #MAX_COMMAND_BYTES}, CLOSED after
     *     close; other failures come through the stage
     */
    CompletionStage<Long> propose(byte[] command);

    /** Registers the one listener of this node and replays to it what is committed already. Called once. */
    void watch(ControlListener listener);

    /**
     * Completes when the listener has received everything that was committed anywhere before the call: a linearizable read is this,
     * followed by a look at the local state. Completes with the index reached.
     */
    CompletionStage<Long> read();

    /** Stores a state so that the entries up to its index need not be kept. The index must be one that the listener has received. */
    void compact(ControlSnapshot snapshot);

    /** Returns the members that vote, in order. */
    List<NodeId> members();

    /** Returns who decides at the moment as far as this node knows; empty while nobody does, and nothing can be decided. */
    Optional<NodeId> leader();

    /** Releases everything; stages that are still open fail with CLOSED. A second close does nothing. */
    @Override
    void close();
}
