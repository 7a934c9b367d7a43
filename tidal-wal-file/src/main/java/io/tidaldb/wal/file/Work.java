package io.tidaldb.wal.file;

import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A piece of work that is done once, by whoever comes first: the background, or a committer that has to wait for it. So nobody waits for
 * a thread that is busy with something else, or gone.
 *
 * <p>What the step wrote is visible to whoever has seen {@link #isDone} or returned from {@link #await}.
 */
final class Work implements Runnable {

    /** What is to be done; a disk can fail it. */
    interface Step {
        void run() throws IOException;
    }

    private final Step step;
    private final AtomicBoolean claimed = new AtomicBoolean();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile @Nullable Throwable failure;

    private Work(Step step) {
        this.step = step;
    }

    /** Hands a step to the background; if that takes no more work, does it at once. */
    static Work begin(Executor background, Step step) {
        Work work = new Work(step);
        try {
            background.execute(work);
        } catch (RejectedExecutionException e) {
            work.run();
        }
        return work;
    }

    @Override
    public void run() {
        if (!claimed.compareAndSet(false, true)) {
            return;
        }
        try {
            step.run();
        } catch (IOException | RuntimeException | Error e) {
            // Kept for whoever depends on it: an executor would only print it.
            failure = e;
        } finally {
            done.countDown();
        }
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    /** Returns why it failed; null if it did not, or is not done. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Returns whether the disk did not take what it wrote; it can then be done again. */
    boolean isRefused() {
        return failure instanceof RefusedWrite;
    }

    /** Returns once it is done, after doing it here if nobody has begun, whatever became of it. */
    void end() {
        run();
        waitForEnd();
    }

    /** As {@link #end}; fails as it did. */
    void await() throws IOException {
        end();
        Throwable failed = failure;
        if (failed != null) {
            throw failed instanceof RefusedWrite
                    ? new RefusedWrite(failed)
                    : new IOException("work in the background failed: " + failed, failed);
        }
    }

    /** Returns once it surely neither runs nor will run, whatever became of it. */
    void cancel() {
        if (claimed.compareAndSet(false, true)) {
            failure = new CancellationException("the store was closed");
            done.countDown();
        } else {
            waitForEnd();
        }
    }

    /** An interrupt is kept for the caller. */
    private void waitForEnd() {
        boolean interrupted = false;
        while (true) {
            try {
                done.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
