package io.tidaldb.core.runtime;

import java.util.function.BooleanSupplier;

/**
 * Looks for what a thread waits for, before it parks, for about as long as it takes to park and to be woken, if that has paid lately: each
 * time in vain doubles the number of times that it is left out.
 *
 * <p>Used by one thread at a time.
 */
final class Looking {

    private static final long NANOS = 50_000;
    private static final int MOST_LEFT_OUT = 1023;

    private final boolean possible;
    private int toLeaveOut;
    private int leftOut;

    Looking(boolean possible) {
        this.possible = possible;
    }

    /** Never looks where there is one processor: it would keep away who brings what is waited for. */
    static Looking onThisMachine() {
        return new Looking(Runtime.getRuntime().availableProcessors() > 1);
    }

    /** Returns whether it came. */
    boolean comes(BooleanSupplier there) {
        if (!possible || leftOut < toLeaveOut) {
            leftOut++;
            return false;
        }
        leftOut = 0;
        long end = System.nanoTime() + NANOS;
        while (System.nanoTime() - end < 0) {
            if (there.getAsBoolean()) {
                toLeaveOut = 0;
                return true;
            }
            Thread.onSpinWait();
        }
        toLeaveOut = Math.min(2 * toLeaveOut + 1, MOST_LEFT_OUT);
        return false;
    }
}
