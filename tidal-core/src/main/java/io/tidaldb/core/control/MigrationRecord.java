package io.tidaldb.core.control;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A migration as the control log knows it. It names the way back.
 *
 * @param id from 1, never used twice
 * @param from the replica that led the slot when it began
 * @param to the replica that leads it in the end
 * @param attempt grows whenever a cutover is tried or given up: the cutover of another attempt is refused
 * @param pauseNanos for how long writes were held back when the slot changed hands: until its new leader took them, or until the source
 *     proposed that as long as nobody has said more; -1 before
 * @param startedMillis when it was asked for, by the clock of whoever did
 * @param changedMillis when it came into this state, by the clock of whoever proposed that
 * @param paused whether it waits for somebody to resume it
 * @param stalled whether it has left its place to others, because it got no further
 * @param erasing replicas that have to be erased before it is over
 * @param reason why it is where it is, if that was not to be expected
 */
public record MigrationRecord(
        long id,
        TenantId tenant,
        ReplicaId from,
        ReplicaId to,
        MigrationState state,
        MigrationTerms terms,
        long attempt,
        long pauseNanos,
        long startedMillis,
        long changedMillis,
        boolean paused,
        boolean stalled,
        List<ReplicaId> erasing,
        @Nullable String reason) {

    /** Copies the list. */
    public MigrationRecord {
        erasing = List.copyOf(erasing);
    }

    /** Returns the side that does not lead the slot: it is given what the other one has. */
    public ReplicaId passive() {
        return state.isCutOver() ? from : to;
    }

    /** Returns the side that leads the slot. */
    public ReplicaId active() {
        return state.isCutOver() ? to : from;
    }

    MigrationRecord in(MigrationState next, long atMillis, @Nullable String why) {
        return with(copy -> {
            boolean tried = next == MigrationState.CUTOVER || state == MigrationState.CUTOVER;
            copy.attempt += tried ? 1 : 0;
            copy.state = next;
            copy.stalled = stalled && next.canAbort();
            copy.changedMillis = atMillis;
            copy.reason = why;
        });
    }

    MigrationRecord pausedFor(long nanos) {
        return with(copy -> copy.pauseNanos = nanos);
    }

    MigrationRecord paused(boolean on) {
        return with(copy -> {
            copy.paused = on;
            copy.stalled = false;
        });
    }

    /** Returns the same without its place, for a reason; with its place again for none. */
    MigrationRecord stalled(@Nullable String why) {
        return with(copy -> {
            copy.stalled = why != null;
            copy.reason = why;
        });
    }

    MigrationRecord under(MigrationTerms changed) {
        return with(copy -> copy.terms = changed);
    }

    MigrationRecord erasing(List<ReplicaId> left) {
        return with(copy -> copy.erasing = left);
    }

    MigrationRecord from(ReplicaId leader) {
        return with(copy -> copy.from = leader);
    }

    MigrationRecord toward(ReplicaId leader) {
        return with(copy -> copy.to = leader);
    }

    /** Returns the same on its way back, as a migration that has everything to be told already. */
    MigrationRecord reversed(long atMillis) {
        return with(copy -> {
            copy.from = to;
            copy.to = from;
            copy.state = MigrationState.PREPARING;
            copy.attempt++;
            copy.pauseNanos = -1;
            copy.changedMillis = atMillis;
            copy.paused = false;
            copy.stalled = false;
            copy.erasing = List.of();
            copy.reason = "reversed";
        });
    }

    private MigrationRecord with(Consumer<Copy> change) {
        Copy copy = new Copy(this);
        change.accept(copy);
        return new MigrationRecord(
                id,
                tenant,
                copy.from,
                copy.to,
                copy.state,
                copy.terms,
                copy.attempt,
                copy.pauseNanos,
                startedMillis,
                copy.changedMillis,
                copy.paused,
                copy.stalled,
                copy.erasing,
                copy.reason);
    }

    /** What can become another one. */
    private static final class Copy {

        private ReplicaId from;
        private ReplicaId to;
        private MigrationState state;
        private MigrationTerms terms;
        private long attempt;
        private long pauseNanos;
        private long changedMillis;
        private boolean paused;
        private boolean stalled;
        private List<ReplicaId> erasing;
        private @Nullable String reason;

        Copy(MigrationRecord of) {
            from = of.from;
            to = of.to;
            state = of.state;
            terms = of.terms;
            attempt = of.attempt;
            pauseNanos = of.pauseNanos;
            changedMillis = of.changedMillis;
            paused = of.paused;
            stalled = of.stalled;
            erasing = of.erasing;
            reason = of.reason;
        }
    }
}
