package io.tidaldb.core.membership;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * A thread that runs only while another one waits for it: of the two that take turns never more than one runs, so that what they do has an
 * order. Begins with the first turn that it is given.
 */
final class Turns {

    private final Semaphore given = new Semaphore(0);
    private final Semaphore back = new Semaphore(0);
    private final Thread thread;
    private boolean begun;
    private boolean over;
    private boolean ends;
    private @Nullable Throwable failure;

    /** Unwinds a thread that is given no more turns. */
    private static final class Ended extends Error {

        private static final long serialVersionUID = 1;
    }

    Turns(Runnable what) {
        thread = new Thread(() -> {
            given.acquireUninterruptibly();
            try {
                if (!ends) {
                    what.run();
                }
            } catch (Ended e) {
                // As it was told.
            } catch (RuntimeException | Error e) {
                failure = e;
            } finally {
                over = true;
                back.release();
            }
        });
        thread.setDaemon(true);
    }

    boolean isOver() {
        return over;
    }

    /** Lets it run until it gives its turn back or ends. */
    void give() {
        if (!begun) {
            begun = true;
            thread.start();
        }
        given.release();
        back.acquireUninterruptibly();
        if (failure != null) {
            throw new AssertionError(failure);
        }
    }

    /** Called by the thread itself: returns with its next turn. */
    void giveBack() {
        back.release();
        given.acquireUninterruptibly();
        if (ends) {
            throw new Ended();
        }
    }

    /** Lets it unwind from where it gave its turn back. */
    void end() {
        ends = true;
        if (begun && !over) {
            give();
        }
    }
}
