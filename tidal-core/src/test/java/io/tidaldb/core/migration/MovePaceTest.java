package io.tidaldb.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("For how long a cutover would hold writes back")
class MovePaceTest {

    private static final long NEAR = 2_000;
    private static final long MILLI = 1_000_000;

    private final MovePace pace = new MovePace(0);
    private long nowNanos;

    private void round(long sentRecords, long left, long tookMillis) {
        long begun = nowNanos;
        nowNanos += tookMillis * MILLI;
        pace.round(new MoveFeed.Round(100 * sentRecords, sentRecords, left), begun, nowNanos, NEAR);
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
}
