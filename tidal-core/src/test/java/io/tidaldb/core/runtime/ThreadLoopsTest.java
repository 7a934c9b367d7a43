package io.tidaldb.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class ThreadLoopsTest {

    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final List<String> done = new CopyOnWriteArrayList<>();

    private void slow() {
        begun.countDown();
        boolean interrupted = false;
        while (goOn.getCount() > 0) {
            try {
                goOn.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        done.add(Thread.currentThread().getName() + (interrupted ? " was interrupted" : ""));
    }

    @Test
    void closingTheBackgroundWaitsForWhatRunsAndDropsWhatHasNotBegun() throws InterruptedException {
        LoopFactory.BackgroundExecutor background = new ThreadLoops().background("background-n7");
        background.execute(this::slow);
        background.execute(() -> done.add("dropped"));
        begun.await();
        Thread closing = new Thread(background::close);
        closing.start();
        // Closing can be seen by its waiting.
        while (closing.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertThat(done).isEmpty();
        goOn.countDown();
        closing.join();
        assertThat(done).containsExactly("tidal-background-n7");
        assertThatThrownBy(() -> background.execute(() -> done.add("late")))
                .isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void theBackgroundRefusesWhatIsTooMuch() {
        try (LoopFactory.BackgroundExecutor background = new ThreadLoops().background("background-n8")) {
            background.execute(this::slow);
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1000; i++) {
                            background.execute(() -> done.add("queued"));
                        }
                    })
                    .isInstanceOf(RejectedExecutionException.class);
            goOn.countDown();
        }
    }
}
