package io.tidaldb.core.crdt;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.runtime.Clock;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-40: the hybrid logical clock")
class HlcTest {

    private static final long START = 1_700_000_000_000L;

    private final Wall wall = new Wall();
    private final Hlc hlc = new Hlc(wall);

    private static final class Wall implements Clock {

        private long millis = START;

        @Override
        public long wallNanos() {
            return millis * 1_000_000;
        }

        @Override
        public long monotonicNanos() {
            throw new AssertionError("stamps come from the wall clock");
        }
    }

    @Test
    @DisplayName("R-40: is close to the wall clock")
    void followsTheWallClock() {
        assertThat(hlc.next()).isEqualTo(START << 16);
        wall.millis += 5;
        assertThat(Hlc.millis(hlc.next())).isEqualTo(START + 5);
    }

    @Test
    @DisplayName("R-40: rises with every stamp, whatever the wall clock does")
    void monotonic() {
        for (long seed = 1; seed <= 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long last = 0;
            for (int i = 0; i < 10_000; i++) {
                wall.millis += random.nextInt(-3, 4);
                long next = hlc.next();
                assertThat(next).as("seed %d, step %d", seed, i).isGreaterThan(last);
                last = next;
            }
        }
    }

    @Test
    @DisplayName("R-40: a counter that runs over moves on to the next millisecond")
    void counterRunsOver() {
        long first = hlc.next();
        for (int i = 0; i < 0xFFFF; i++) {
            hlc.next();
        }
        assertThat(hlc.next()).isEqualTo(first + (1 << 16));
        wall.millis += 1;
        assertThat(hlc.next()).isEqualTo(first + (1 << 16) + 1);
    }

    @Test
    @DisplayName("R-40: stamps lie above all that were observed: cause before effect")
    void causal() {
        long remote = (START + 60_000) << 16 | 7;
        hlc.observe(remote);
        assertThat(hlc.next()).isEqualTo(remote + 1);
        hlc.observe(START << 16);
        assertThat(hlc.next()).isEqualTo(remote + 2);
        wall.millis = START + 60_001;
        assertThat(hlc.next()).isEqualTo((START + 60_001) << 16);
    }

    @Test
    @DisplayName("R-40: says how far it has been led ahead of the wall clock")
    void drift() {
        assertThat(hlc.aheadMillis()).isZero();
        hlc.observe((START + 60_000) << 16);
        assertThat(hlc.aheadMillis()).isEqualTo(60_000);
        wall.millis += 100_000;
        assertThat(hlc.aheadMillis()).isZero();
    }
}
