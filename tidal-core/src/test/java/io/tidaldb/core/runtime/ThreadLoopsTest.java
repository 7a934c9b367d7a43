package io.tidaldb.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A thread of a loop")
class ThreadLoopsTest {

    @Test
    @DisplayName("does not end by an error: the loop is told of it, and goes on")
    void goesOnAfterAnError() throws InterruptedException {
        AtomicReference<Error> told = new AtomicReference<>();
        AtomicInteger turns = new AtomicInteger();
        CountDownLatch second = new CountDownLatch(2);
        LoopBody body = new LoopBody() {
            @Override
            public boolean runOnce() {
                second.countDown();
                if (turns.incrementAndGet() == 1) {
                    throw new StackOverflowError("as a test has asked for");
                }
                return false;
            }

            @Override
            public void broken(Error error) {
                told.set(error);
            }

            @Override
            public boolean hasWork() {
                return false;
            }
        };
        LoopHandle loop = new ThreadLoops().start("broken", body);
        try {
            assertThat(second.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(told.get()).isInstanceOf(StackOverflowError.class);
        } finally {
            loop.close();
        }
    }

    @Test
    @DisplayName("is told when there was nothing to do for as long as it asked for")
    void saysWhenItWasIdle() throws InterruptedException {
        CountDownLatch idle = new CountDownLatch(2);
        LoopBody body = new LoopBody() {
            @Override
            public boolean runOnce() {
                return false;
            }

            @Override
            public void broken(Error error) {}

            @Override
            public boolean hasWork() {
                return false;
            }

            @Override
            public long idleNanos() {
                return TimeUnit.MILLISECONDS.toNanos(1);
            }

            @Override
            public void idled() {
                idle.countDown();
                throw new StackOverflowError("as a test has asked for");
            }
        };
        LoopHandle loop = new ThreadLoops().start("idle", body);
        try {
            assertThat(idle.await(20, TimeUnit.SECONDS)).isTrue();
        } finally {
            loop.close();
        }
    }

    @Test
    @DisplayName("that runs scheduled tasks or work in the background goes on after an error as well")
    void otherThreadsGoOn() throws InterruptedException {
        ThreadLoops loops = new ThreadLoops();
        CountDownLatch done = new CountDownLatch(3);
        try (LoopScheduler scheduler = loops.scheduler("scheduler");
                LoopFactory.BackgroundExecutor background = loops.background("background");
                LoopFactory.CallbackExecutor callbacks = loops.callbacks("callbacks")) {
            scheduler.execute(ThreadLoopsTest::fail);
            scheduler.execute(done::countDown);
            background.execute(ThreadLoopsTest::fail);
            background.execute(done::countDown);
            callbacks.execute(ThreadLoopsTest::fail);
            callbacks.execute(done::countDown);
            assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    @DisplayName("refuses work in the background beyond its queue, does all that it has taken, and takes more")
    void boundsWorkInTheBackground() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        try (LoopFactory.BackgroundExecutor background = new ThreadLoops().background("background")) {
            background.execute(() -> {
                begun.countDown();
                awaitQuietly(goOn);
            });
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            int taken = 0;
            try {
                while (taken < 100_000) {
                    background.execute(done::incrementAndGet);
                    taken++;
                }
            } catch (RejectedExecutionException e) {
                assertThat(taken).isBetween(1, 1_000);
            }
            goOn.countDown();
            CountDownLatch last = new CountDownLatch(1);
            while (!taken(background, last::countDown)) {
                Thread.onSpinWait();
            }
            assertThat(last.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(done).hasValue(taken).hasValueLessThan(100_000);
        }
    }

    private static boolean taken(LoopFactory.BackgroundExecutor background, Runnable task) {
        try {
            background.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void fail() {
        throw new StackOverflowError("as a test has asked for");
    }
}
