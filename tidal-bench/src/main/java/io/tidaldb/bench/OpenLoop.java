package io.tidaldb.bench;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * A load at a fixed rate: a write is due at its time, however long those before it take, and its wait counts from then. So a store that stands
 * still is charged with all that would have come meanwhile.
 */
final class OpenLoop {

    /** Below this, sleeping is not worth it: whatever is due by then is sent at once. */
    private static final long SLACK_NANOS = 50_000;

    private final double perSecond;
    private final int mostUnderWay;
    private final LongFunction<CompletionStage<?>> write;

    /**
     * Prepares a load.
     *
     * @param mostUnderWay as many as the store takes; one that has to wait for others is late all the same
     * @param write begins a write, given its number
     */
    OpenLoop(double perSecond, int mostUnderWay, LongFunction<CompletionStage<?>> write) {
        this.mostUnderWay = mostUnderWay;
        this.perSecond = perSecond;
        this.write = write;
    }

    /** Runs for so long, and until everything is answered. A write that fails fails all. */
    Phase run(double seconds) throws InterruptedException {
        Histogram waits = new ConcurrentHistogram(Phase.MAX_NANOS, Phase.DIGITS);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Semaphore free = new Semaphore(mostUnderWay);
        long writes = (long) Math.ceil(perSecond * seconds);
        long begin = System.nanoTime();
        for (long i = 0; i < writes && failure.get() == null; i++) {
            long due = begin + (long) (i / perSecond * 1e9);
            for (long left = due - System.nanoTime(); left > SLACK_NANOS; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            free.acquire();
            write.apply(i).whenComplete((done, refusal) -> {
                if (refusal != null) {
                    failure.compareAndSet(null, refusal);
                }
                Phase.record(waits, Math.max(0, System.nanoTime() - due));
                free.release();
            });
        }
        if (!free.tryAcquire(mostUnderWay, 60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("answers are missing after 60 s");
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a write failed: " + failure.get().getMessage(), failure.get());
        }
        return Phase.of(waits, 1, System.nanoTime() - begin)
                .with(Figure.P999_MICROS, waits.getValueAtPercentile(99.9) / 1e3);
    }
}
