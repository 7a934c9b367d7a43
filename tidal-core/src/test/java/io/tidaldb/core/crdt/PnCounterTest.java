package io.tidaldb.core.crdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import java.util.Arrays;
import java.util.Collections;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-41: the counter that goes up and down")
class PnCounterTest {

    private static final int REPLICAS = 5;

    private static Origin origin(int replica) {
        return new Origin(RegionId.of(replica), ShardId.of(0), 0);
    }

    @Test
    @DisplayName(
            "R-41: 100,000 random operations over 5 replicas: merging is commutative, associative and idempotent, and loses nothing")
    void merges() {
        SplittableRandom random = new SplittableRandom(41);
        PnCounter[] replicas = new PnCounter[REPLICAS];
        Arrays.fill(replicas, PnCounter.ZERO);
        long expected = 0;
        for (int step = 0; step < 100_000; step++) {
            int one = random.nextInt(REPLICAS);
            int other = random.nextInt(REPLICAS);
            if (random.nextInt(4) != 0) {
                long by = random.nextLong(-1_000, 1_000);
                replicas[one] = replicas[one].plus(origin(one), by);
                expected += by;
            } else {
                PnCounter a = replicas[one];
                PnCounter b = replicas[other];
                PnCounter c = replicas[random.nextInt(REPLICAS)];
                assertThat(a.merge(b)).as("step %d", step).isEqualTo(b.merge(a));
                assertThat(a.merge(b).merge(c)).as("step %d", step).isEqualTo(a.merge(b.merge(c)));
                assertThat(a.merge(b).merge(b).merge(a)).as("step %d", step).isEqualTo(a.merge(b));
                replicas[one] = a.merge(b);
            }
        }
        PnCounter all = Arrays.stream(replicas).reduce(PnCounter.ZERO, PnCounter::merge);
        assertThat(all.value()).isEqualTo(expected);
    }

    @Test
    void refusesWhatIsNoCount() {
        TreeMap<Origin, Long> negative = new TreeMap<>(Collections.singletonMap(origin(1), -1L));
        assertThatThrownBy(() -> new PnCounter(negative, new TreeMap<>()))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("count -1 of r1:s0 is negative");
        PnCounter full = PnCounter.ZERO.plus(origin(0), Long.MAX_VALUE);
        assertThatThrownBy(() -> full.plus(origin(0), 1)).isInstanceOf(ArithmeticException.class);
    }
}
