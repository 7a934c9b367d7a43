package io.tidaldb.core.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Hands over the completions of one commit together: to wake the thread that runs them costs more than most of them.
 *
 * <p>Loop-confined.
 */
final class CommitCompletions implements Completions {

    /** Bounds what one task of an executor does, whose queue is bounded by tasks. */
    private static final int MOST = 128;

    private @Nullable Executor executor;
    private List<Runnable> waiting = new ArrayList<>();

    @Override
    public void add(Executor by, Runnable completion) {
        if (by != executor || waiting.size() == MOST) {
            handOver();
            executor = by;
        }
        waiting.add(completion);
    }

    /** Hands over what has been added. */
    void handOver() {
        Executor by = executor;
        if (by == null || waiting.isEmpty()) {
            return;
        }
        List<Runnable> all = waiting;
        waiting = new ArrayList<>();
        by.execute(all.size() == 1 ? all.get(0) : () -> all.forEach(Runnable::run));
    }
}
