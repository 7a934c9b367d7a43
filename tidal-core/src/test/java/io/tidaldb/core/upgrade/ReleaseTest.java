package io.tidaldb.core.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-71: A release")
class ReleaseTest {

    private static final Release CURRENT = Release.current();

    @Test
    @DisplayName("goes with clusters of its own and the release before, and writes no format that came later")
    void window() {
        CURRENT.check("a node", CURRENT.version());
        CURRENT.check("a node", CURRENT.oldest());
        Version next = new Version(CURRENT.version().major(), CURRENT.version().minor() + 1, 0);
        assertThatThrownBy(() -> CURRENT.check("node n7", next))
                .hasMessageContainingAll("node n7", CURRENT.version().toString(), next.releaseText())
                .extracting("code")
                .isEqualTo(ErrorCode.VERSION_MISMATCH);
        for (String format : CURRENT.formats().keySet()) {
            assertThat(CURRENT.writes(format, next)).isEqualTo(CURRENT.reads(format));
            assertThat(CURRENT.since(format, CURRENT.reads(format) + 1)).isEmpty();
        }
        assertThatThrownBy(() -> CURRENT.reads("nothing")).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "0.1.2.3", "v0.1", "0.-1", "0.1.x", "99999.1", "0.1.0 "})
    @DisplayName("has a version of a form that is told")
    void malformed(String text) {
        assertThatThrownBy(() -> Version.parse(text))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("MAJOR.MINOR");
    }

    @Test
    @DisplayName("compares by numbers, and patches of a release are of one age")
    void ordered() {
        assertThat(Version.parse("0.10")).isGreaterThan(Version.parse("0.9.5"));
        assertThat(Version.parse("0.9.5").isBefore(Version.parse("0.9.7"))).isFalse();
        assertThat(Version.parse("0.9.5").isBefore(Version.parse("0.10"))).isTrue();
        assertThat(Version.parse("1.2.3-SNAPSHOT")).hasToString("1.2.3");
    }
}
