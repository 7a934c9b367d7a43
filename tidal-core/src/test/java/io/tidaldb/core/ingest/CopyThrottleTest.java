package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.ingest.ForegroundLatency.Sample;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-14: How fast a slot is copied")
class CopyThrottleTest {

    private static final double MIB = 1 << 20;
    private static final long SECOND = 1_000_000_000L;
    private static final int CHUNK = 512 << 10;

    private static double noWrites(double rate) {
        return -1;
    }

    private final SplittableRandom random = new SplittableRandom(5);
    private final Deque<long[]> window = new ArrayDeque<>();
    private long nowNanos = 7 * SECOND;
    private long writes;
    private long slow;
    private double mostInASecond;
    private long longestWaitNanos;

    /**
     * Copies for a while.
     *
     * @param link bytes a second that a copy can have
     * @param slowShare of the writes, 5,000 a second, by how fast it was copied in the last tenth of a second; -1 if nobody writes
     * @param atTarget whether the target has these writes, and not the source
     * @return bytes a second
     */
    private double copy(
            CopyThrottle throttle, long nanos, double link, DoubleUnaryOperator slowShare, boolean atTarget) {
        long begun = nowNanos;
        long sent = 0;
        while (nowNanos - begun < nanos) {
            long wait = throttle.waitNanos(nowNanos);
            longestWaitNanos = Math.max(longestWaitNanos, wait);
            int bytes = throttle.chunk(CHUNK);
            throttle.sending(bytes, nowNanos + wait);
            pass(wait + (long) (bytes * 1e9 / link), slowShare);
            sent += bytes;
            count(bytes);
            Sample loaded = new Sample(writes, slow);
            Sample idle = new Sample(0, 0);
            throttle.sent(bytes, atTarget ? idle : loaded, atTarget ? loaded : idle, nowNanos);
        }
        return sent * 1e9 / (nowNanos - begun);
    }

    private void pass(long nanos, DoubleUnaryOperator slowShare) {
        nowNanos += nanos;
        double share = slowShare.applyAsDouble(lastTenth() * 10);
        if (share >= 0) {
            int came = (int) Math.max(1, nanos * 5_000 / SECOND);
            for (int i = 0; i < came; i++) {
                writes++;
                slow += random.nextDouble() < share ? 1 : 0;
            }
        }
    }

    private void count(long bytes) {
        window.addLast(new long[] {nowNanos, bytes});
        mostInASecond = Math.max(mostInASecond, within(SECOND));
    }

    private double lastTenth() {
        return within(SECOND / 10);
    }

    private double within(long nanos) {
        while (!window.isEmpty() && nowNanos - window.getFirst()[0] >= SECOND) {
            window.removeFirst();
        }
        return window.stream()
                .filter(each -> nowNanos - each[0] < nanos)
                .mapToLong(each -> each[1])
                .sum();
    }

    @Test
    @DisplayName("is as fast as the link where nobody writes")
    void alone() {
        CopyThrottle throttle = new CopyThrottle(0, nowNanos);
        copy(throttle, 2 * SECOND, 400 * MIB, CopyThrottleTest::noWrites, false);
        assertThat(copy(throttle, 5 * SECOND, 400 * MIB, CopyThrottleTest::noWrites, false))
                .isGreaterThan(390 * MIB);
    }

    @Test
    @DisplayName("settles where no more than one write in a hundred is slow, at the source and at the target alike")
    void settles() {
        for (boolean atTarget : new boolean[] {false, true}) {
            CopyThrottle throttle = new CopyThrottle(0, nowNanos);
            // Up to 40 MiB/s it is not felt; beyond, more and more.
            DoubleUnaryOperator knee = rate -> rate < 40 * MIB ? 0.005 : 0.005 + (rate / MIB - 40) / 100;
            copy(throttle, 5 * SECOND, 400 * MIB, knee, atTarget);
            long writesBefore = writes;
            long slowBefore = slow;
            double rate = copy(throttle, 60 * SECOND, 400 * MIB, knee, atTarget);
            assertThat(rate).isBetween(20 * MIB, 45 * MIB);
            assertThat((double) (slow - slowBefore) / (writes - writesBefore)).isLessThan(0.02);
        }
    }

    @Test
    @DisplayName("never falls to so little that it would not end: 5 % of what the link can do, and 4 MiB/s")
    void floor() {
        CopyThrottle throttle = new CopyThrottle(0, nowNanos);
        copy(throttle, 3 * SECOND, 400 * MIB, CopyThrottleTest::noWrites, false);
        copy(throttle, 5 * SECOND, 400 * MIB, rate -> 0.5, false);
        assertThat(copy(throttle, 10 * SECOND, 400 * MIB, rate -> 0.5, false)).isGreaterThan(0.9 * 0.05 * 390 * MIB);
        CopyThrottle disturbing = new CopyThrottle(0, nowNanos);
        copy(disturbing, 5 * SECOND, 16 * MIB, rate -> 0.5, false);
        assertThat(copy(disturbing, 10 * SECOND, 16 * MIB, rate -> 0.5, false)).isBetween(3 * MIB, 5 * MIB);
        assertThat(longestWaitNanos).isLessThan(SECOND);
    }

    @Test
    @DisplayName("goes in small chunks beside writes, and until it is known that nobody writes")
    void chunks() {
        CopyThrottle throttle = new CopyThrottle(0, nowNanos);
        assertThat(throttle.chunk(CHUNK)).isEqualTo(64 << 10);
        copy(throttle, SECOND / 2, 100 * MIB, CopyThrottleTest::noWrites, false);
        assertThat(throttle.chunk(CHUNK)).isGreaterThan(256 << 10);
        copy(throttle, 2 * SECOND, 100 * MIB, rate -> 0, false);
        assertThat(throttle.chunk(CHUNK)).isEqualTo(64 << 10);
    }

    @Test
    @DisplayName("is faster again when what has disturbed is over")
    void recovers() {
        CopyThrottle throttle = new CopyThrottle(0, nowNanos);
        copy(throttle, 5 * SECOND, 100 * MIB, rate -> 0.2, false);
        copy(throttle, 60 * SECOND, 100 * MIB, rate -> 0.002, false);
        assertThat(copy(throttle, 5 * SECOND, 100 * MIB, rate -> 0.002, false)).isGreaterThan(50 * MIB);
    }

    @Test
    @DisplayName("no second has more than was asked for, and nearly all of it is used")
    void cap() {
        long cap = 3_000_000;
        CopyThrottle throttle = new CopyThrottle(cap, nowNanos);
        assertThat(copy(throttle, 20 * SECOND, 400 * MIB, CopyThrottleTest::noWrites, false))
                .isGreaterThan(0.85 * cap);
        assertThat(mostInASecond).isLessThanOrEqualTo((double) cap);
    }

    @Test
    @DisplayName("a node that does not say, or was started anew, disturbs nobody")
    void silent() {
        CopyThrottle throttle = new CopyThrottle(0, nowNanos);
        @Nullable Sample unknown = null;
        throttle.sent(1, new Sample(9_000, 4_000), unknown, nowNanos += SECOND);
        throttle.sent(1, new Sample(10, 5), unknown, nowNanos += SECOND);
        double before = throttle.bytesPerSecond();
        throttle.sent(1, new Sample(1_000, 900), unknown, nowNanos += SECOND);
        assertThat(throttle.bytesPerSecond()).isLessThan(before);
    }
}
