package io.tidaldb.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
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

    private static void fail() {
        throw new StackOverflowError("as a test has asked for");
    }
}
