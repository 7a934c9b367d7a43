package io.tidaldb.server.importing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Times as text")
class TimeTextTest {

    private static final long SEED = 20261122;

    @Test
    @DisplayName("are what the general parser says, whatever digit or sign of them is changed")
    void asTheGeneralParser() {
        Random random = new Random(SEED);
        int valid = 0;
        for (int run = 0; run < 50_000; run++) {
            long nanos = random.nextLong() & Long.MAX_VALUE;
            // Whole seconds, milliseconds, microseconds and nanoseconds are printed with as many digits.
            long unit = new long[] {1_000_000_000, 1_000_000, 1_000, 1}[random.nextInt(4)];
            StringBuilder text =
                    new StringBuilder(EventTime.instant(nanos - nanos % unit).toString());
            if (run % 2 == 0) {
                text.setCharAt(random.nextInt(text.length()), "0123456789-:.TZ+ ".charAt(random.nextInt(17)));
            }
            valid += same(text.toString(), run) ? 1 : 0;
        }
        assertThat(valid).isGreaterThan(25_000);
    }

    private static boolean same(String text, int run) {
        OptionalLong expected = parsed(text);
        if (expected.isPresent()) {
            assertThat(TimeText.nanos(text))
                    .as("seed %d run %d: %s", SEED, run, text)
                    .isEqualTo(expected.getAsLong());
        } else {
            assertThatThrownBy(() -> TimeText.nanos(text))
                    .as("seed %d run %d: %s", SEED, run, text)
                    .isInstanceOf(TidalException.class);
        }
        return expected.isPresent();
    }

    private static OptionalLong parsed(String text) {
        try {
            return OptionalLong.of(EventTime.nanos(Instant.parse(text)));
        } catch (DateTimeParseException | TidalException e) {
            return OptionalLong.empty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2024-02-29T00:00:00Z",
                "2023-02-29T00:00:00Z",
                "2026-04-31T00:00:00Z",
                "2026-12-31T23:59:59.999999999Z",
                "2026-12-31T23:59:60Z",
                "2026-12-31T24:00:00Z",
                "2026-01-01T00:00:00.Z",
                "2026-01-01T00:00:00.1Z",
                "2026-01-01T00:00:00.0000000001Z",
                "1969-12-31T23:59:59Z",
                "2262-04-11T23:47:16Z",
                "2263-01-01T00:00:00Z",
                "2026-01-01T00:00Z",
                "2026-01-01T01:00:00+01:00",
                "2026-01-01t00:00:00z",
                "٢٠٢٦-01-01T00:00:00Z"
            })
    @DisplayName("at the edges are what the general parser says")
    void edges(String text) {
        same(text, 0);
    }
}
