package io.tidaldb.server.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Lets a command end in good order when the process is asked to stop (SIGTERM, SIGINT): the exit waits for {@link #finished}. */
public final class StopSignal implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook = new Thread(this::stop, "tidal-stop-0");
    private volatile boolean atOnce;
    private volatile boolean requested;
    private volatile int exitCode = ExitCodes.FAILED;

    /** Begins to wait for the request. */
    public static StopSignal install() {
        StopSignal signal = new StopSignal();
        Runtime.getRuntime().addShutdownHook(signal.hook);
        return signal;
    }

    /** Returns whether the process was asked to stop. */
    public boolean requested() {
        return requested;
    }

    /**
     * Sets whether there is nothing to bring to an end: then the process that is asked to stop has done what it should, and ends without
     * waiting for anybody.
     */
    public void endAtOnce(boolean now) {
        atOnce = now;
    }

    /** Ends the wait without a request from outside. */
    public void giveUp() {
        asked.countDown();
    }

    /** Waits until the process is asked to stop, or to give up. */
    public void await() throws InterruptedException {
        asked.await();
    }

    /** The command has printed its result; what is left is to close. */
    public int finished(int code) {
        exitCode = code;
        return code;
    }

    private void stop() {
        requested = true;
        asked.countDown();
        if (atOnce) {
            Runtime.getRuntime().halt(ExitCodes.DONE);
        }
        try {
            if (finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                // The exit code of a stopped load is its result's, not the signal's.
                Runtime.getRuntime().halt(exitCode);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        finished.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The process stops at this moment, and the hook finds the latch open.
                requested = true;
            }
        }
    }
}
