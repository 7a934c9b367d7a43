package io.tidaldb.api.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
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
 *   <li>After a restart the listener receives the newest snapshot, if there is one, and the entries after it that this node knows to be
 *       agreed, before {@link #watch} returns. Where the node is the only member these are all. Of what was agreed last only the other
 *       members may know; it follows as soon as there is a leader, and {@link #read} waits for it.
 * </ul>
 *
 * {@code ControlLogContract} in the testkit, and {@code ControlLogGroupContract} for several members, check each line above. Safe for any number of threads.
 */
public interface ControlLog extends AutoCloseable {

    /** Largest command in bytes. */
    int MAX_COMMAND_BYTES = 1 << 20;

    /**
     * Proposes a command. Fails with NOT_OWNER if nobody decides for a time, and with OVERLOADED if too much waits: then it was not
     * proposed. With DEADLINE_EXCEEDED it was, and may still be agreed; the implementation itself never commits a proposal twice.
     *
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if it is empty or larger than {@link #MAX_COMMAND_BYTES}, CLOSED after
     *     close; other failures come through the stage
     */
    CompletionStage<Long> propose(byte[] command);

    /** Registers the one listener of this node and replays to it what is committed already. Called once. */
    void watch(ControlListener listener);

    /**
     * Completes when the listener has received everything that was committed anywhere before the call: a linearizable read is this,
     * followed by a look at the local state. Completes with the index reached. Fails with NOT_OWNER if nobody decides for a time.
     */
    CompletionStage<Long> read();

    /**
     * Stores a state, durably before this returns, so that the entries up to its index need not be kept. The index must be one that the
     * listener has received; one that is not above that of an earlier snapshot changes nothing. Members that lack what is no longer kept are
     * given the newest snapshot. Does I/O: call it from the listener only if that may wait.
     *
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if the listener has not received the index, STORE_FAILED if it can't be
     *     written, CLOSED
     */
    void compact(ControlSnapshot snapshot);

    /** Returns the members that vote, in order, as far as this node knows. */
    List<NodeId> members();

    /** Returns the members that receive everything and don't vote, in order, as far as this node knows. */
    default List<NodeId> followers() {
        return List.of();
    }

    /**
     * Makes these the members from now on. Called where {@link #leader} is this node; one change at a time. Completes when the change is
     * agreed: by a majority of the members before, and by one of those after. Newcomers are given what they lack first. Whoever is left out
     * receives nothing more and can have nothing agreed, the leader included.
     *
     * <p>Fails with NOT_OWNER if another node leads, with OVERLOADED while another change is under way and with NOT_CAUGHT_UP if a newcomer
     * can't be reached: then nothing has changed. After DEADLINE_EXCEEDED it may still change.
     *
     * @param voters whose majority agrees from now on; at least one
     * @param followers who receives everything and does not vote
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if there is no voter, too many or one twice, UNSUPPORTED if the members of this
     *     log can't be changed, CLOSED after close; other failures come through the stage
     */
    default CompletionStage<Void> changeMembers(List<NodeId> voters, List<NodeId> followers) {
        throw new TidalException(
                ErrorCode.UNSUPPORTED,
                "the members " + members() + " of this control log can't be changed to " + voters + " and " + followers
                        + ": expected a control log of several nodes");
    }

    /** Returns who decides at the moment as far as this node knows; empty while nobody does, and nothing can be decided. */
    Optional<NodeId> leader();

    /**
     * Returns how far this node's copy has come: it has at least so much when it is opened next, whatever stops the machine. {@link
     * ControlPosition#NONE} from a log that can't tell, and before {@link #watch}.
     */
    default ControlPosition position() {
        return ControlPosition.NONE;
    }

    /**
     * Releases everything. Stages that are still open fail: with CLOSED, or with DEADLINE_EXCEEDED where a command may still be agreed. A
     * second close does nothing.
     */
    @Override
    void close();
}
