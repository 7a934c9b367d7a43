package io.tidaldb.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The scheduler on threads")
class SerialSchedulerTest {

    private final SerialScheduler scheduler = new SerialScheduler("peers-n7");

    @AfterEach
    void close() {
        scheduler.close();
    }

    @Test
    @DisplayName("runs a task on its own thread")
    void ownThread() throws InterruptedException {
        List<String> names = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        scheduler.execute(() -> {
            names.add(Thread.currentThread().getName());
            done.countDown();
        });
        done.await();
        assertThat(names).containsExactly("tidal-peers-n7");
    }

    @Test
    @DisplayName("runs a task on the caller's thread if that allows it and nothing else is there")
    void callersThread() {
        List<Thread> threads = new ArrayList<>();
        scheduler.executeHere(() -> threads.add(Thread.currentThread()));
        assertThat(threads).containsExactly(Thread.currentThread());
    }

    @Test
    @DisplayName("never runs a task within another one")
    void notWithin() throws InterruptedException {
        List<String> order = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        scheduler.executeHere(() -> {
            scheduler.executeHere(() -> {
                order.add("second");
                done.countDown();
            });
            order.add("first");
        });
        done.await();
        assertThat(order).containsExactly("first", "second");
    }

    @Test
    @DisplayName("runs one task at a time, and those of a thread in their order, however they come")
    void serial() throws InterruptedException {
        int threads = 4;
        int each = 50_000;
        int[] last = new int[threads];
        int[] count = new int[1];
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger wrong = new AtomicInteger();
        Semaphore done = new Semaphore(0);
        BiConsumer<Integer, Integer> task = (thread, number) -> {
            if (inside.incrementAndGet() != 1 || last[thread] != number - 1) {
                wrong.incrementAndGet();
            }
            last[thread] = number;
            count[0]++;
            inside.decrementAndGet();
            done.release();
        };
        for (int i = 0; i < threads; i++) {
            int thread = i;
            new Thread(() -> {
                        for (int number = 1; number <= each; number++) {
                            int current = number;
                            if (number % 3 == thread % 3) {
                                scheduler.execute(() -> task.accept(thread, current));
                            } else {
                                scheduler.executeHere(() -> task.accept(thread, current));
                            }
                        }
                    })
                    .start();
        }
        done.acquire(threads * each);
        assertThat(wrong).hasValue(0);
        assertThat(count[0]).isEqualTo(threads * each);
    }

    @Test
    @DisplayName("runs what waits for its time when it is due, in order, and not what was cancelled")
    void timers() throws InterruptedException {
        List<Integer> order = new ArrayList<>();
        Semaphore done = new Semaphore(0);
        for (int millis : new int[] {30, 10, 20, 10}) {
            scheduler.schedule(Duration.ofMillis(millis), () -> {
                order.add(millis);
                done.release();
            });
        }
        scheduler.schedule(Duration.ofMillis(15), () -> order.add(15)).cancel();
        done.acquire(4);
        assertThat(order).containsExactly(10, 10, 20, 30);
    }

    @Test
    @DisplayName("goes on after a task that throws")
    void goesOn() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        scheduler.execute(() -> {
            throw new IllegalStateException("on purpose");
        });
        scheduler.execute(done::countDown);
        done.await();
    }

    @Test
    @DisplayName("runs nothing after it was closed, on no thread")
    void closed() throws InterruptedException {
        AtomicInteger ran = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Thread caller = new Thread(() -> scheduler.executeHere(() -> {
            begun.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            ran.incrementAndGet();
        }));
        caller.start();
        begun.await();
        scheduler.execute(ran::incrementAndGet);
        Thread closing = new Thread(scheduler::close);
        closing.start();
        goOn.countDown();
        closing.join();
        int before = ran.get();
        assertThat(before).isPositive();
        scheduler.execute(ran::incrementAndGet);
        scheduler.executeHere(ran::incrementAndGet);
        caller.join();
        assertThat(ran).hasValue(before);
    }
}
