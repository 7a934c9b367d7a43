package io.tidaldb.server.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A body")
class BoundedBodyTest {

    private static InputStream body(int bytes, Duration patience) {
        return new BoundedBody(new ByteArrayInputStream(new byte[bytes]), 100, patience);
    }

    @Test
    @DisplayName("within its bounds is read to its end")
    void within() throws IOException {
        assertThat(body(100, Duration.ofMinutes(1)).readAllBytes()).hasSize(100);
    }

    @Test
    @DisplayName("that is longer than allowed is refused as too large, whether it is read in one piece or byte by byte")
    void tooLarge() {
        assertThatThrownBy(() -> body(101, Duration.ofMinutes(1)).readAllBytes())
                .isInstanceOfSatisfying(
                        Refusal.class,
                        refusal -> assertThat(Problem.of(refusal).status()).isEqualTo(413));
        InputStream body = body(101, Duration.ofMinutes(1));
        assertThatThrownBy(() -> {
                    while (body.read() >= 0) {
                        assertThat(body.available()).isNotNegative();
                    }
                })
                .isInstanceOf(Refusal.class);
    }

    @Test
    @DisplayName("that comes too slowly is refused with 408, however much of it comes")
    void tooSlow() {
        assertThatThrownBy(() -> body(10, Duration.ofNanos(-1)).read())
                .isInstanceOfSatisfying(
                        Refusal.class,
                        refusal -> assertThat(Problem.of(refusal).status()).isEqualTo(408));
    }
}
