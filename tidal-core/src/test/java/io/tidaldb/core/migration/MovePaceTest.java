package io.tidaldb.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("For how long a cutover would hold writes back, and when it comes")
class MovePaceTest {

    private static final long NEAR = 2_000;
    private static final long MILLI = 1_000_000;
    private static final long RECORD_BYTES = 100;

    private final MovePace pace = new MovePace(0);
    private long nowNanos;
    private long logBytes = 1_000_000;

    private void round(long sentRecords, long left, long tookMillis) {
        round(sentRecords, left, tookMillis, 0);
    }

    private void round(long sentRecords, long left, long tookMillis, long written) {
        long begun = nowNanos;
        nowNanos += tookMillis * MILLI;
        logBytes += RECORD_BYTES * written;
        if (sentRecords > 0) {
            pace.part(RECORD_BYTES * sentRecords, logBytes, nowNanos, nowNanos);
        }
        pace.round(new MoveFeed.Round(RECORD_BYTES * sentRecords, sentRecords, left), begun, nowNanos, nowNanos, NEAR);
    }

    private long leftMillis(long records) {
        return pace.leftNanos(RECORD_BYTES * records) / MILLI;
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
    @DisplayName("it comes when what is missing is sent, less what is written meanwhile")
    void comes() {
        assertThat(pace.leftNanos(0)).isEqualTo(-1);
        round(1_000, 103_000, 100);
        assertThat(pace.leftNanos(RECORD_BYTES * 103_000))
                .as("nobody knows what is written")
                .isEqualTo(-1);
        round(1_000, 102_000, 100);
        assertThat(pace.leftNanos(RECORD_BYTES * 102_000))
                .as("nor after so little")
                .isEqualTo(-1);
        assertThat(leftMillis(10_000)).isBetween(1_000L, 1_300L);
        // A thousand are sent, and half as many written meanwhile.
        for (int i = 1; i <= 20; i++) {
            round(1_000, 102_000 - 500 * i, 100, 500);
        }
        assertThat(leftMillis(92_000)).isBetween(17_500L, 18_700L);
    }

    @Test
    @DisplayName("it never comes while more is written than sent, and is not known while what is missing is not")
    void never() {
        round(1_000, 10_000, 100);
        assertThat(pace.leftNanos(-1)).isEqualTo(-1);
        round(1_000, 11_500, 100, 2_500);
        assertThat(pace.leftNanos(1_150_000)).isEqualTo(-1);
    }

    @Test
    @DisplayName("the time in which nothing could be sent does not count, nor that in which nothing was to be sent")
    void interrupted() {
        round(1_000, 20_000, 100);
        round(1_000, 19_000, 100);
        nowNanos += 60_000 * MILLI;
        pace.interrupted(nowNanos);
        assertThat(pace.leftNanos(100)).isEqualTo(-1);
        round(1_000, 19_000, 100);
        for (int i = 0; i < 1_000; i++) {
            round(0, 0, 20);
        }
        round(1_000, 18_000, 100);
        assertThat(leftMillis(20_000)).isBetween(2_000L, 2_100L);
    }
}
