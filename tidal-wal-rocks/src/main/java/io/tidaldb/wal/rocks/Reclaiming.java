package io.tidaldb.wal.rocks;

import io.tidaldb.api.wal.LogId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.rocksdb.CompactRangeOptions;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the space of what was truncated back, and sees to it that nothing of what was deleted is left in any file. Off the committing
 * thread, one range after another; what isn't done when the store is closed is noted in the database, and begun again.
 *
 * <p>Its queue is bounded by the number of logs: a log is in it once. Guarded by itself.
 */
final class Reclaiming {

    private static final Logger LOG = LoggerFactory.getLogger(Reclaiming.class);

    private final Database database;
    private final Executor background;
    private final CompactRangeOptions options = new CompactRangeOptions();
    private final Map<LogId, Task> waiting = new LinkedHashMap<>();
    private final List<LogId> erased = new ArrayList<>();
    private final List<Task> failed = new ArrayList<>();
    private boolean handedOver;
    private boolean running;
    private boolean stopped;

    /**
     * What was cut off a log, or all of it.
     *
     * @param end the key before which nothing of it should be left
     * @param erasure whether it should be in no file at all
     */
    private record Task(LogId log, byte[] end, boolean erasure) {}

    Reclaiming(Database database, Executor background) {
        this.database = database;
        this.background = background;
    }

    /** Begins to give back what was cut off a log. */
    void truncated(LogId log, long firstSeqno) {
        add(new Task(log, Keys.of(log, firstSeqno), false));
    }

    /** Begins to erase a log that was deleted. */
    void deleted(LogId log) {
        synchronized (this) {
            erased.remove(log);
        }
        add(new Task(log, Keys.end(log), true));
    }

    /** Begins to erase what was cut off a log. */
    void wiped(LogId log, long firstSeqno) {
        add(new Task(log, Keys.of(log, firstSeqno), true));
    }

    private static Task wider(Task old, Task now) {
        if (old.erasure() != now.erasure()) {
            // An erasure is done again in full when what was cut off since is to be erased.
            return old.erasure() ? old : now;
        }
        return Arrays.compareUnsigned(old.end(), now.end()) < 0 ? now : old;
    }

    private void add(Task task) {
        synchronized (this) {
            if (stopped) {
                return;
            }
            waiting.merge(task.log(), task, Reclaiming::wider);
            if (handedOver) {
                return;
            }
            handedOver = true;
        }
        try {
            background.execute(this::run);
        } catch (RejectedExecutionException e) {
            run();
        }
    }

    private void run() {
        synchronized (this) {
            running = !stopped;
        }
        Task task = next();
        while (task != null) {
            try {
                reclaim(task);
            } catch (RocksDBException | RuntimeException e) {
                // What RocksDB can't go on after, the next commit is told.
                LOG.warn("the space of {} can't be given back now: {}", task.log(), e.toString());
                if (task.erasure()) {
                    synchronized (this) {
                        failed.add(task);
                    }
                }
            }
            task = next();
        }
    }

    private synchronized @Nullable Task next() {
        Iterator<Task> tasks = waiting.values().iterator();
        if (stopped || !tasks.hasNext()) {
            running = false;
            handedOver = false;
            notifyAll();
            return null;
        }
        Task task = tasks.next();
        tasks.remove();
        return task;
    }

    private void reclaim(Task task) throws RocksDBException {
        if (task.erasure()) {
            // The write-ahead log has the bytes as well; its files are dropped when all that they hold is in tables.
            database.flush();
        }
        database.compact(Keys.start(task.log()), task.end(), options);
        if (task.erasure()) {
            database.dropObsoleteFiles();
            synchronized (this) {
                // It may have begun anew and been deleted again meanwhile.
                if (!waiting.containsKey(task.log())) {
                    erased.add(task.log());
                }
            }
        }
    }

    /** Returns whether nothing is left to be reclaimed; what failed is tried again. */
    boolean isDone() {
        List<Task> again;
        boolean idle;
        synchronized (this) {
            again = List.copyOf(failed);
            failed.clear();
            idle = waiting.isEmpty() && !running && !handedOver;
        }
        again.forEach(this::add);
        return idle && again.isEmpty();
    }

    /** Takes the notes of the logs that are erased by now out of the database, with the next commit. */
    synchronized void takeErased(Commit commit) throws RocksDBException {
        for (LogId log : erased) {
            commit.erased(log);
        }
        erased.clear();
    }

    /** Returns once nothing of it runs or will run; an interrupt is kept for the caller. */
    void stop() {
        boolean interrupted = false;
        synchronized (this) {
            if (stopped) {
                return;
            }
            stopped = true;
            waiting.clear();
            options.setCanceled(true);
            while (running) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        options.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
