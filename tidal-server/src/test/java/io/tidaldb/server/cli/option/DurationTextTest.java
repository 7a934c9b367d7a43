package io.tidaldb.server.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class DurationTextTest {

    @Test
    void printsWhatItReads() {
        for (String text : List.of("7d", "25h", "90m", "61s", "10ms", "3us", "1ns", "0s")) {
            assertThat(DurationText.print(new DurationText().convert(text))).isEqualTo(text);
        }
        assertThat(new DurationText().convert("24h")).isEqualTo(Duration.ofDays(1));
    }

    @Test
    void refusesEverythingElse() {
        for (String text : List.of("", "7", "d", "-1s", "1.5h", "7 d", "PT1S", "999999999999999999d", "200000d")) {
            assertThatThrownBy(() -> new DurationText().convert(text))
                    .as(text)
                    .hasMessageContaining("is not a duration");
        }
    }
}
