package io.tidaldb.core.control;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A migration as the control log knows it. It names the way back.
 *
 * @param id from 1, never used twice
 * @param from the replica that led the slot when it began
 * @param to the replica that leads it in the end
 * @param attempt grows whenever a cutover is tried or given up: the cutover of another attempt is refused
 * @param pauseNanos for how long writes were held back by the last attempt at a cutover; -1 before the first
 * @param startedMillis when it was asked for, by the clock of whoever did
 * @param changedMillis when it came into this state, by the clock of whoever proposed that
 * @param paused whether it waits for somebody to resume it
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
        long tried = next == MigrationState.CUTOVER || state == MigrationState.CUTOVER ? attempt + 1 : attempt;
        return new MigrationRecord(
                id, tenant, from, to, next, terms, tried, pauseNanos, startedMillis, atMillis, paused, erasing, why);
    }

    MigrationRecord pausedFor(long nanos) {
        return new MigrationRecord(
                id,
                tenant,
                from,
                to,
                state,
                terms,
                attempt,
                nanos,
                startedMillis,
                changedMillis,
                paused,
                erasing,
                reason);
    }

    MigrationRecord paused(boolean on) {
        return new MigrationRecord(
                id,
                tenant,
                from,
                to,
                state,
                terms,
                attempt,
                pauseNanos,
                startedMillis,
                changedMillis,
                on,
                erasing,
                reason);
    }

    MigrationRecord under(MigrationTerms changed) {
        return new MigrationRecord(
                id,
                tenant,
                from,
                to,
                state,
                changed,
                attempt,
                pauseNanos,
                startedMillis,
                changedMillis,
                paused,
                erasing,
                reason);
    }

    MigrationRecord erasing(List<ReplicaId> left) {
        return new MigrationRecord(
                id,
                tenant,
                from,
                to,
                state,
                terms,
                attempt,
                pauseNanos,
                startedMillis,
                changedMillis,
                paused,
                left,
                reason);
    }

    /** Returns the same on its way back, as a migration that has everything to be told already. */
    MigrationRecord reversed(long atMillis) {
        return new MigrationRecord(
                id,
                tenant,
                to,
                from,
                MigrationState.PREPARING,
                terms,
                attempt + 1,
                -1,
                startedMillis,
                atMillis,
                false,
                List.of(),
                "reversed");
    }
}
