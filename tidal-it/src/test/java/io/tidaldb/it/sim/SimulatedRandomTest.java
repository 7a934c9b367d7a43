package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Simulated randomness")
class SimulatedRandomTest {

    @Test
    @DisplayName("is the same for a seed on every machine and for ever")
    void fixed() {
        SimulatedRandom random = new SimulatedRandom(1);
        assertThat(random.nextLong()).isEqualTo(new SimulatedRandom(1).nextLong());
        assertThat(new SimulatedRandom(1).fork("clock").nextLong())
                .isNotEqualTo(new SimulatedRandom(1).fork("disk").nextLong())
                .isEqualTo(random.fork("clock").nextLong());
    }

    @Test
    @DisplayName("stays within its bounds, reaches them and is even")
    void bounds() {
        SimulatedRandom random = new SimulatedRandom(1);
        int[] counts = new int[5];
        for (int i = 0; i < 50_000; i++) {
            counts[(int) random.between(10, 14) - 10]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(9_500, 10_500);
        }
        for (int i = 0; i < 1_000; i++) {
            assertThat(random.below(1)).isZero();
            assertThat(random.below(1L << 61)).isBetween(0L, (1L << 61) - 1);
        }
        int struck = 0;
        for (int i = 0; i < 100_000; i++) {
            struck += random.chance(100_000) ? 1 : 0;
        }
        assertThat(struck).isBetween(9_500, 10_500);
        assertThat(random.chance(0)).isFalse();
        assertThat(random.chance(SimulatedRandom.MILLION)).isTrue();
    }
}
