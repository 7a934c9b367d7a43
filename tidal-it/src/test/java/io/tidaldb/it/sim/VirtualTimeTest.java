package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Scheduler.Cancellable;
import io.tidaldb.testkit.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Virtual time")
class VirtualTimeTest {

    private final VirtualTime time = new VirtualTime();
    private final List<String> seen = new ArrayList<>();

    private record Planned(long dueNanos, int number) {}

    @Test
    @DisplayName(
            "runs tasks by their times, those of one time in the order in which they came, and none that was cancelled")
    void inOrder() {
        SimulatedRandom random = new SimulatedRandom(7);
        List<Planned> expected = new ArrayList<>();
        List<Planned> ran = new ArrayList<>();
        List<Cancellable> handles = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            Planned planned = new Planned(random.below(500), i);
            expected.add(planned);
            handles.add(time.at(planned.dueNanos, () -> {
                assertThat(time.nanoTime()).isEqualTo(planned.dueNanos);
                ran.add(planned);
            }));
        }
        for (int i = 0; i < 4_000; i++) {
            int cancelled = (int) random.below(5_000);
            handles.get(cancelled).cancel();
            expected.removeIf(planned -> planned.number == cancelled);
        }
        assertThat(time.waiting()).isEqualTo(expected.size());
        time.runFor(Duration.ofNanos(500));
        expected.sort(Comparator.comparingLong(Planned::dueNanos).thenComparingInt(Planned::number));
        assertThat(ran).isEqualTo(expected);
        assertThat(time.waiting()).isZero();
        assertThat(time.runNext()).isFalse();
    }

    @Test
    @DisplayName("a cancel that comes too late does nothing, and a second one neither")
    void lateCancel() {
        Cancellable[] own = new Cancellable[1];
        own[0] = time.at(1, () -> {
            own[0].cancel();
            seen.add("ran");
        });
        Cancellable other = time.at(2, () -> seen.add("never"));
        other.cancel();
        other.cancel();
        time.at(3, () -> seen.add("last"));
        assertThat(time.waiting()).isEqualTo(2);
        time.runFor(Duration.ofNanos(5));
        own[0].cancel();
        assertThat(time.waiting()).isZero();
        assertThat(seen).containsExactly("ran", "last");
    }

    @Test
    @DisplayName("a task may let time pass itself")
    void nested() {
        time.at(1, () -> {
            time.runFor(Duration.ofNanos(5));
            seen.add("outer at " + time.nanoTime());
        });
        time.at(3, () -> seen.add("inner at " + time.nanoTime()));
        time.runFor(Duration.ofNanos(2));
        assertThat(seen).containsExactly("inner at 3", "outer at 6");
        assertThat(time.nanoTime()).isEqualTo(6);
    }
}
