package io.tidaldb.bench;

import java.util.ArrayDeque;
import java.util.Queue;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Writers that each wait for their write to be durable, or run ahead by a window of writes, and one thread that commits whatever has queued
 * meanwhile. The same for all contenders, so that what differs is the sink.
 */
final class GroupCommit {

    private final GroupSink sink;
    private final int writers;
    private final int window;
    // Guarded by itself. Bounded by the writers' windows.
    private final Queue<Write> queue = new ArrayDeque<>();
    private volatile boolean stopping;
    private volatile @Nullable Exception failure;

    /** @param window how many writes of a writer may be under way; 1 makes it wait for each */
    GroupCommit(GroupSink sink, int writers, int window) {
        this.sink = sink;
        this.writers = writers;
        this.window = window;
    }

    /** Runs for a while and returns what was acknowledged. */
    Phase run(int tenants, int recordsPerWrite, double seconds) throws Exception {
        Writer[] all = new Writer[writers];
        Thread committer = new Thread(this::commitAll, "tidal-bench-commit-0");
        committer.start();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        for (int i = 0; i < writers; i++) {
            all[i] = new Writer(i, tenants, end);
            all[i].start();
        }
        for (Writer writer : all) {
            writer.join();
        }
        long nanos = System.nanoTime() - begin;
        synchronized (queue) {
            stopping = true;
            queue.notifyAll();
        }
        committer.join();
        if (failure != null) {
            throw failure;
        }
        Histogram acks = Phase.acks();
        for (Writer writer : all) {
            acks.add(writer.acks);
        }
        return Phase.of(acks, recordsPerWrite, nanos);
    }

    private void commitAll() {
        Write[] group = new Write[writers * window];
        int[] tenants = new int[group.length];
        int count = 0;
        try {
            for (count = take(group); count > 0; count = take(group)) {
                for (int i = 0; i < count; i++) {
                    tenants[i] = group[i].tenant;
                }
                sink.commit(tenants, count);
                for (int i = 0; i < count; i++) {
                    group[i].writer.committed(group[i]);
                }
            }
        } catch (Exception e) {
            failure = e;
            synchronized (queue) {
                stopping = true;
                queue.forEach(write -> write.writer.underWay.end());
            }
            for (int i = 0; i < count; i++) {
                group[i].writer.underWay.end();
            }
        }
    }

    private int take(Write[] group) throws InterruptedException {
        synchronized (queue) {
            while (queue.isEmpty() && !stopping) {
                queue.wait();
            }
            int count = 0;
            while (!queue.isEmpty()) {
                group[count++] = queue.remove();
            }
            return count;
        }
    }

    private boolean offer(Write write) {
        synchronized (queue) {
            if (stopping) {
                return false;
            }
            queue.add(write);
            queue.notifyAll();
            return true;
        }
    }

    /** One write under way; the queue's lock and the writer's window hand it to and fro. */
    private static final class Write {

        private final Writer writer;
        private int tenant;
        private long sinceNanos;

        Write(Writer writer) {
            this.writer = writer;
        }
    }

    /** One writer. Its writes are committed in order, so that a ring of them is enough. */
    private final class Writer extends Thread {

        private final Window underWay = new Window(window - 1);
        private final Write[] ring = new Write[window];
        private final int tenants;
        private final long endNanos;
        // Belongs to the writer if it waits for each write, else to the committer.
        private final Histogram acks = Phase.acks();
        private int tenant;

        Writer(int number, int tenants, long endNanos) {
            super("tidal-bench-writer-" + number);
            this.tenants = tenants;
            this.endNanos = endNanos;
            this.tenant = number;
            for (int i = 0; i < window; i++) {
                ring[i] = new Write(this);
            }
        }

        @Override
        public void run() {
            long now = System.nanoTime();
            for (int next = 0; now < endNanos; next = (next + 1) % window) {
                // A stride that shares no factor with 10, 100 or 1,000 visits all tenants.
                tenant = (tenant + 7919) % tenants;
                Write write = ring[next];
                write.tenant = tenant;
                write.sinceNanos = now;
                if (!offer(write)) {
                    return;
                }
                underWay.begin();
                now = System.nanoTime();
                if (window == 1) {
                    Phase.record(acks, now - write.sinceNanos);
                }
            }
            underWay.await();
        }

        void committed(Write write) {
            if (window > 1) {
                Phase.record(acks, System.nanoTime() - write.sinceNanos);
            }
            underWay.end();
        }
    }
}
