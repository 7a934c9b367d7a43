package io.tidaldb.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("For how long a cutover would hold writes back, and when it comes")
class MovePaceTest {

    private static final long NEAR = 2_000;
    private static final long MILLI = 1_000_000;

    private final MovePace pace = new MovePace(0);
    private long nowNanos;

    private void round(long sentRecords, long left, long tookMillis) {
        long begun = nowNanos;
        nowNanos += tookMillis * MILLI;
        pace.round(new MoveFeed.Round(100 * sentRecords, sentRecords, left), begun, nowNanos, nowNanos, NEAR);
    }

    @Test
    @DisplayName("is not known before the first round, and then is two rounds and an agreement")
    void unknown() {
        assertThat(pace.predictedPauseNanos()).isEqualTo(-1);
        round(10, 0, 3);
        pace.agreed(2 * MILLI);
        assertThat(pace.predictedPauseNanos()).isEqualTo(8 * MILLI);
    }

    @Test
    @DisplayName(
            "goes by rounds that had little to send, as soon as there is one, and not by those before that had much")
    void bulk() {
        for (int i = 0; i < 20; i++) {
            round(100_000, 1_000_000, 400);
        }
        assertThat(pace.predictedPauseNanos()).isGreaterThan(700 * MILLI);
        round(1_500, 100, 4);
        assertThat(pace.predictedPauseNanos()).isEqualTo(8 * MILLI);
        round(100_000, 50_000, 400);
        assertThat(pace.predictedPauseNanos()).isEqualTo(8 * MILLI);
        round(100, 0, 9);
        assertThat(pace.predictedPauseNanos()).isEqualTo(10 * MILLI);
    }

    @Test
    @DisplayName("it comes when what is missing is sent, at the rate at which it has become less")
    void comes() {
        assertThat(pace.leftNanos(0)).isEqualTo(-1);
        round(1_000, 102_000, 100);
        assertThat(pace.leftNanos(0)).isBetween(10_200 * MILLI, 10_500 * MILLI);
        // A thousand are sent, and half as many written meanwhile.
        for (int i = 1; i <= 20; i++) {
            round(1_000, 102_000 - 500 * i, 100);
        }
        assertThat(pace.leftNanos(0)).isBetween(18_400 * MILLI, 18_700 * MILLI);
    }

    @Test
    @DisplayName("it never comes while more is written than sent")
    void never() {
        round(1_000, 10_000, 100);
        round(1_000, 11_500, 100);
        assertThat(pace.leftNanos(0)).isEqualTo(-1);
    }

    @Test
    @DisplayName("the time in which nothing could be sent does not count")
    void interrupted() {
        round(1_000, 20_000, 100);
        round(1_000, 19_000, 100);
        nowNanos += 60_000 * MILLI;
        pace.interrupted(nowNanos);
        assertThat(pace.leftNanos(0)).isEqualTo(-1);
        round(1_000, 19_000, 100);
        round(1_000, 18_000, 100);
        assertThat(pace.leftNanos(0)).isBetween(2_000 * MILLI, 2_100 * MILLI);
    }

    @Test
    @DisplayName("of a snapshot, it comes when its bytes are sent")
    void snapshot() {
        nowNanos += 1_000 * MILLI;
        pace.part(1_000, nowNanos);
        assertThat(pace.leftNanos(9_000)).isEqualTo(9_000 * MILLI);
    }
}
