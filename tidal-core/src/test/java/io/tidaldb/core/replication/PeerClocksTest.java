package io.tidaldb.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.runtime.Clock;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-40: What heartbeats say of clocks")
class PeerClocksTest {

    private static final long START = 1_700_000_000_000L;

    private final Machine machine = new Machine();
    private final PeerClocks clocks = new PeerClocks(machine);

    private static final class Machine implements Clock {

        private long wallMillis = START;
        private long monotonicMillis = 5;

        @Override
        public long wallNanos() {
            return wallMillis * 1_000_000;
        }

        @Override
        public long monotonicNanos() {
            return monotonicMillis * 1_000_000;
        }
    }

    private void heard(long... millis) {
        for (int i = 0; i < millis.length; i++) {
            clocks.heard(NodeId.of("n" + i), START + millis[i], machine.monotonicNanos());
        }
    }

    @Test
    @DisplayName("a clock that is more than a minute off those of so many that agree is wrong, as soon as it jumps")
    void jumps() {
        heard(100, -200);
        assertThat(clocks.aheadOf(2)).isEmpty();
        machine.wallMillis += 3_600_000;
        assertThat(clocks.aheadOf(2)).isEqualTo(OptionalLong.of(3_599_900));
        machine.wallMillis -= 7_200_000;
        assertThat(clocks.aheadOf(2)).isEqualTo(OptionalLong.of(-3_600_100));
        machine.wallMillis += 3_600_000;
        assertThat(clocks.aheadOf(2)).isEmpty();
    }

    @Test
    @DisplayName("time that passes by both clocks says nothing, and what was said long ago does not count")
    void passes() {
        heard(0, 0);
        machine.wallMillis += 4_000 - 90_000;
        machine.monotonicMillis += 4_000;
        assertThat(clocks.aheadOf(2)).isEqualTo(OptionalLong.of(-90_000));
        machine.wallMillis += 2_000;
        machine.monotonicMillis += 2_000;
        assertThat(clocks.aheadOf(2)).isEmpty();
        // What a process that stood still finds when it goes on.
        clocks.heard(NodeId.of("n0"), START, 0);
        clocks.heard(NodeId.of("n1"), START, 0);
        assertThat(clocks.aheadOf(2)).isEmpty();
    }

    @Test
    @DisplayName("one that others are off from in different ways, or too few, is not wrong")
    void disagree() {
        heard(3_600_000, -3_600_000);
        assertThat(clocks.aheadOf(2)).isEmpty();
        assertThat(clocks.aheadOf(1)).isPresent();
        heard(3_600_000, 3_600_000);
        assertThat(clocks.aheadOf(3)).isEmpty();
        assertThat(clocks.aheadOf(2)).isEqualTo(OptionalLong.of(-3_600_000));
    }

    @Test
    @DisplayName("never all of a cluster are wrong, and none of a majority that agrees")
    void someAreRight() {
        for (long seed = 1; seed <= 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int nodes = 3 + random.nextInt(4);
            long[] wall = random.longs(nodes, -150_000, 150_000).toArray();
            int wrong = 0;
            for (int self = 0; self < nodes; self++) {
                Machine own = new Machine();
                own.wallMillis += wall[self];
                PeerClocks theirs = new PeerClocks(own);
                for (int peer = 0; peer < nodes; peer++) {
                    if (peer != self) {
                        theirs.heard(NodeId.of("n" + peer), START + wall[peer], 0);
                    }
                }
                wrong += theirs.aheadOf(nodes / 2 + 1).isPresent() ? 1 : 0;
            }
            assertThat(wrong).as("seed %d", seed).isLessThan((nodes + 1) / 2);
        }
    }
}
