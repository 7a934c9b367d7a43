package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.control.ratis.Wire.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What this node has proposed and not yet seen applied. A proposal is sent to whoever leads, again and again under the same name, until it
 * is applied here or its time is up: whatever becomes of single messages, {@link Progress} lets through one copy at most.
 *
 * <p>Confined to the executor's thread but for admission and {@link #applied}, {@link #leftOut} and {@link #replaced}, which hand over to it.
 */
final class Proposals {

    /** Long enough for another leader to be found several times. */
    static final long DEADLINE_MILLIS = 5000;

    static final int MAX_WAITING = 4096;

    private static final long RETRY_MILLIS = 20;
    private static final int MAX_WAITING_BYTES = 16 << 20;

    /** Sends an entry to the leader. */
    @FunctionalInterface
    interface Sender {

        /** Returns a stage that never fails. */
        CompletionStage<Verdict> send(byte[] entry, long millisLeft);
    }

    private final UUID session = UUID.randomUUID();
    private final ControlExecutor executor;
    private final Sender sender;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger waitingBytes = new AtomicInteger();

    /** By sequence. */
    private final Map<Long, Pending> pending = new LinkedHashMap<>();

    private long lastSequence;
    private volatile @Nullable TidalException failure;

    Proposals(ControlExecutor executor, Sender sender) {
        this.executor = executor;
        this.sender = sender;
    }

    private static final class Pending {

        final byte[] command;
        final CompletableFuture<Long> stage = new CompletableFuture<>();
        final long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DEADLINE_MILLIS);

        @Nullable
        Future<?> expiry;

        long sequence;

        /** Whether an answer to a copy under this sequence is still to come. */
        boolean asked;

        /** Whether a copy under this sequence may have been written to a log. */
        boolean written;

        Pending(byte[] command) {
            this.command = command;
        }

        long millisLeft() {
            return TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
        }
    }

    /** @param command is taken over */
    CompletionStage<Long> propose(byte[] command) {
        int count = waiting.incrementAndGet();
        int bytes = waitingBytes.addAndGet(command.length);
        if (count > MAX_WAITING || bytes > MAX_WAITING_BYTES) {
            release(command);
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.OVERLOADED,
                    "control log has " + MAX_WAITING + " proposals or " + MAX_WAITING_BYTES
                            + " bytes waiting: try again later"));
        }
        Pending proposal = new Pending(command);
        if (!executor.execute(() -> begin(proposal))) {
            release(command);
            proposal.stage.completeExceptionally(Objects.requireNonNull(failure));
        }
        return proposal.stage;
    }

    /** A proposal was applied, by whomever it was made. */
    void applied(Proposal proposal, long index) {
        if (proposal.session().equals(session)) {
            executor.execute(() -> {
                Pending mine = pending.get(proposal.sequence());
                if (mine != null) {
                    end(mine);
                    mine.stage.complete(index);
                }
            });
        }
    }

    /** A proposal was left out: no copy of it will be applied, so it can be made again under another name. */
    void leftOut(Proposal proposal) {
        if (proposal.session().equals(session)) {
            executor.execute(() -> {
                Pending mine = pending.remove(proposal.sequence());
                if (mine != null) {
                    name(mine);
                    attempt(mine);
                }
            });
        }
    }

    /** A snapshot took the place of entries; what became of proposals up to a sequence can't be known any more. */
    void replaced(long newestSequence) {
        executor.execute(() -> {
            for (Pending each : new ArrayList<>(pending.values())) {
                if (each.sequence <= newestSequence) {
                    fail(each, uncertain("a snapshot took its place"));
                }
            }
        });
    }

    /** Fails what is open, and everything later. */
    void fail(TidalException reason) {
        failure = reason;
        executor.execute(() -> {
            for (Pending each : new ArrayList<>(pending.values())) {
                boolean closed = reason.code() == ErrorCode.CLOSED;
                fail(each, closed && isUncertain(each) ? uncertain("the log was closed") : reason);
            }
        });
    }

    UUID session() {
        return session;
    }

    private void begin(Pending proposal) {
        name(proposal);
        TidalException broken = failure;
        if (broken != null) {
            fail(proposal, broken);
            return;
        }
        proposal.expiry = executor.schedule(() -> expire(proposal), DEADLINE_MILLIS);
        attempt(proposal);
    }

    private void name(Pending proposal) {
        proposal.sequence = ++lastSequence;
        proposal.asked = false;
        proposal.written = false;
        pending.put(proposal.sequence, proposal);
    }

    private void attempt(Pending proposal) {
        long sequence = proposal.sequence;
        long left = proposal.millisLeft();
        if (left <= 0 || pending.get(sequence) != proposal) {
            return;
        }
        proposal.asked = true;
        sender.send(new Proposal(session, sequence, proposal.command).encode(), left)
                .thenAccept(verdict -> executor.execute(() -> answered(proposal, sequence, verdict)));
    }

    private void answered(Pending proposal, long sequence, Verdict verdict) {
        if (pending.get(sequence) != proposal) {
            return;
        }
        proposal.asked = false;
        proposal.written |= verdict == Verdict.AGREED || verdict == Verdict.UNKNOWN;
        if (verdict == Verdict.FULL && !proposal.written) {
            fail(
                    proposal,
                    new TidalException(
                            ErrorCode.OVERLOADED,
                            "control log's leader has too many proposals waiting: try again later"));
        } else if (verdict != Verdict.AGREED) {
            var unused = executor.schedule(
                    () -> {
                        if (proposal.sequence == sequence) {
                            attempt(proposal);
                        }
                    },
                    RETRY_MILLIS);
        }
    }

    private void expire(Pending proposal) {
        if (pending.get(proposal.sequence) == proposal) {
            fail(
                    proposal,
                    isUncertain(proposal)
                            ? uncertain("it was not agreed within " + DEADLINE_MILLIS + " ms")
                            : new TidalException(
                                    ErrorCode.NOT_OWNER,
                                    "nobody has decided for " + DEADLINE_MILLIS
                                            + " ms: the command was not proposed; a majority of the members must run and"
                                            + " reach each other, then try again"));
        }
    }

    private static boolean isUncertain(Pending proposal) {
        return proposal.asked || proposal.written;
    }

    private static TidalException uncertain(String why) {
        return new TidalException(
                ErrorCode.DEADLINE_EXCEEDED,
                "a command was proposed and may still be agreed: " + why
                        + "; look at the state before you propose it again");
    }

    private void fail(Pending proposal, TidalException reason) {
        end(proposal);
        proposal.stage.completeExceptionally(reason);
    }

    private void end(Pending proposal) {
        if (pending.remove(proposal.sequence) != null) {
            release(proposal.command);
        }
        if (proposal.expiry != null) {
            proposal.expiry.cancel(false);
        }
    }

    private void release(byte[] command) {
        waiting.decrementAndGet();
        waitingBytes.addAndGet(-command.length);
    }
}
