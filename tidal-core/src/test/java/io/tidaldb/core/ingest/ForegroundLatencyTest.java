package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.ingest.ForegroundLatency.Sample;
import io.tidaldb.core.runtime.Clock;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-14: Writes beside a copy")
class ForegroundLatencyTest {

    private static final long MILLI = 1_000_000L;

    private long nowNanos = 1L << 40;
    private final Clock clock = new Clock() {
        @Override
        public long wallNanos() {
            return nowNanos;
        }

        @Override
        public long monotonicNanos() {
            return nowNanos;
        }
    };
    private final ForegroundLatency latency = new ForegroundLatency(clock, 1.25);

    /** Acknowledges writes one after another; returns how many of them were slow. */
    private long slow(int writes, LongUnaryOperator micros) {
        Sample before = latency.sample();
        for (int i = 0; i < writes; i++) {
            long began = nowNanos;
            nowNanos += micros.applyAsLong(i) * 1_000;
            latency.acknowledged(began);
        }
        Sample after = latency.sample();
        assertThat(after.writes() - before.writes()).isEqualTo(writes);
        return after.slow() - before.slow();
    }

    @Test
    @DisplayName("are slow if they take longer than a factor times the p99 of what is usual, to 7 %")
    void slow() {
        assertThat(slow(1_000, i -> 1_000 + i % 100 * 10)).isZero();
        latency.copyBegins();
        assertThat(slow(100, i -> 2_400)).isZero();
        assertThat(slow(100, i -> 2_700)).isEqualTo(100);
        latency.copyEnded();
    }

    @Test
    @DisplayName("are not what is usual, nor those shortly after; what comes later is")
    void learnsWhileQuiet() {
        slow(1_000, i -> 1_000);
        latency.copyBegins();
        slow(10_000, i -> 3_000);
        latency.copyEnded();
        assertThat(slow(6, i -> 3_000)).as("while the disk works off the copy").isEqualTo(6);
        nowNanos += 100 * MILLI;
        slow(10_000, i -> 3_000);
        assertThat(slow(100, i -> 3_000)).as("slow has become usual").isZero();
    }

    @Test
    @DisplayName("are held against what was usual lately, not long ago")
    void forgets() {
        slow(20_000, i -> 3_000);
        slow(15_000, i -> 1_000);
        latency.copyBegins();
        assertThat(slow(100, i -> 1_500)).isEqualTo(100);
        latency.copyEnded();
    }

    @Test
    @DisplayName("are taken to come again for as long as the last one is not long ago")
    void comes() {
        assertThat(latency.comes(nowNanos)).isFalse();
        slow(1, i -> 1_000);
        assertThat(latency.comes(nowNanos + 99 * MILLI)).isTrue();
        assertThat(latency.comes(nowNanos + 100 * MILLI)).isFalse();
    }

    @Test
    @DisplayName("are not slow before it is known what is usual, and not measured where that does not matter")
    void unknown() {
        assertThat(slow(199, i -> i * 1_000)).isZero();
        ForegroundLatency off = new ForegroundLatency(clock, 0);
        off.acknowledged(0);
        assertThat(off.sample()).isEqualTo(new Sample(0, 0));
    }
}
