package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How long a request is asked for again, and of whom: what passes when another server is asked, or the same one later, is no end.
 *
 * @param request one that can be repeated
 * @param deadlineNanos on the clock of {@link System#nanoTime}
 */
record Persistence(Request request, long deadlineNanos) {

    // A server that does not answer at all must not use up the time of those that would.
    private static final Duration ATTEMPT = Duration.ofSeconds(3);
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final int FIRST_PAUSE_MILLIS = 5;
    private static final int LONGEST_PAUSE_MILLIS = 250;

    private static final Set<ErrorCode> PASSING = EnumSet.of(
            ErrorCode.PEER_UNAVAILABLE,
            ErrorCode.NOT_OWNER,
            ErrorCode.NOT_CAUGHT_UP,
            ErrorCode.OVERLOADED,
            ErrorCode.PARTLY_APPLIED,
            ErrorCode.DEADLINE_EXCEEDED,
            ErrorCode.STORE_FAILED,
            ErrorCode.CLOSED);

    /** An answer, or why there is none. */
    record Outcome(@Nullable ObjectNode answer, @Nullable RuntimeException failure) {}

    Outcome outcome(Supplier<ObjectNode> answer) {
        try {
            return new Outcome(answer.get(), null);
        } catch (TidalException | ServerException e) {
            return new Outcome(null, e);
        }
    }

    /** Returns whether the failure may pass when another server is asked, or the same one later. */
    static boolean isPassing(@Nullable RuntimeException failure) {
        return failure instanceof TidalException store
                && PASSING.contains(store.code())
                && !Trust.isMissing(store.getCause());
    }

    /** Returns how long one server may take. */
    Duration patience() {
        Duration left = Duration.ofNanos(deadlineNanos - System.nanoTime());
        Duration shorter = left.compareTo(ATTEMPT) < 0 ? left : ATTEMPT;
        return shorter.compareTo(SHORTEST) < 0 ? SHORTEST : shorter;
    }

    /** Returns how long to wait before the next server is asked, or nothing if this was the last try. */
    OptionalLong pauseMillis(Outcome outcome, int failures, int servers) {
        if (!isPassing(outcome.failure())) {
            return OptionalLong.empty();
        }
        // The others are asked at once; who has asked them all waits, each time longer, and not all wait as long.
        int round = failures / servers;
        boolean all = (failures + 1) % servers == 0;
        long longest = Math.min(LONGEST_PAUSE_MILLIS, (long) FIRST_PAUSE_MILLIS << Math.min(round, 10));
        long pause = all ? ThreadLocalRandom.current().nextLong(longest / 2, longest + 1) : 0;
        return System.nanoTime() + pause * 1_000_000 - deadlineNanos >= 0
                ? OptionalLong.empty()
                : OptionalLong.of(pause);
    }
}
