package io.tidaldb.bench;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Writers that each wait for their record to be durable, and one thread that commits whatever has queued meanwhile. The same for all
 * contenders, so that what differs is the sink.
 */
final class GroupCommit {

    private final GroupSink sink;
    private final int writers;
    // Guarded by itself. Bounded by the number of writers, each of which waits for its one record.
    private final Queue<Writer> queue = new ArrayDeque<>();
    private volatile boolean stopping;
    private volatile @Nullable Exception failure;

    GroupCommit(GroupSink sink, int writers) {
        this.sink = sink;
        this.writers = writers;
    }

    /** Runs for a while and returns what was acknowledged. */
    Phase run(int tenants, double seconds) throws Exception {
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
        return Phase.of(all, nanos);
    }

    private void commitAll() {
        Writer[] group = new Writer[writers];
        int[] tenants = new int[writers];
        try {
            for (int count = take(group); count > 0; count = take(group)) {
                for (int i = 0; i < count; i++) {
                    tenants[i] = group[i].tenant;
                }
                sink.commit(tenants, count);
                for (int i = 0; i < count; i++) {
                    group[i].durable.release();
                }
            }
        } catch (Exception e) {
            failure = e;
            synchronized (queue) {
                stopping = true;
                queue.forEach(writer -> writer.durable.release());
            }
            for (Writer writer : group) {
                if (writer != null) {
                    writer.durable.release();
                }
            }
        }
    }

    private int take(Writer[] group) throws InterruptedException {
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

    /** One waiting writer. Its fields belong to it, but for the tenant, which the committer reads while the writer waits. */
    final class Writer extends Thread {

        private static final int MAX_SAMPLES = 1 << 17;

        private final Semaphore durable = new Semaphore(0);
        private final int tenants;
        private final long endNanos;
        private int tenant;
        final int[] ackMicros = new int[MAX_SAMPLES];
        int acked;

        Writer(int number, int tenants, long endNanos) {
            super("tidal-bench-writer-" + number);
            this.tenants = tenants;
            this.endNanos = endNanos;
            this.tenant = number;
        }

        @Override
        public void run() {
            long now = System.nanoTime();
            while (now < endNanos && !stopping) {
                // A stride that shares no factor with 10, 100 or 1,000 visits all tenants.
                tenant = (tenant + 7919) % tenants;
                synchronized (queue) {
                    if (stopping) {
                        return;
                    }
                    queue.add(this);
                    queue.notifyAll();
                }
                durable.acquireUninterruptibly();
                long done = System.nanoTime();
                ackMicros[acked % MAX_SAMPLES] = (int) ((done - now) / 1000);
                acked++;
                now = done;
            }
        }
    }
}
