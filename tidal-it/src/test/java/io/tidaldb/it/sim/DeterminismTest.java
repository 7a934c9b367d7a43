package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A simulation")
class DeterminismTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static PingPong run(long seed, Trace trace) {
        PingPong cluster = new PingPong(seed, 5, trace);
        cluster.run(MINUTE);
        return cluster;
    }

    @Test
    @DisplayName("leaves the same trace, byte for byte, whenever it runs from the same seed, and another from another")
    void sameSeedSameTrace(@TempDir Path directory) throws IOException {
        Path first = directory.resolve("first");
        Path second = directory.resolve("second");
        Path other = directory.resolve("other");
        try (Trace one = Trace.to(first);
                Trace two = Trace.to(second);
                Trace three = Trace.to(other);
                Trace hash = Trace.hashing()) {
            run(1, one);
            run(1, two);
            run(2, three);
            run(1, hash);
            assertThat(hash.hash()).isEqualTo(one.hash()).isEqualTo(two.hash()).isNotEqualTo(three.hash());
            assertThat(hash.lines()).isEqualTo(one.lines());
        }
        assertThat(Files.readAllBytes(first)).isEqualTo(Files.readAllBytes(second));
        assertThat(Files.mismatch(first, other)).isNotNegative();
        assertThat(Files.readString(first))
                .contains("crash: chaos", "pause ends", "turn of commit", "store opens", "heal");
    }

    @Test
    @DisplayName("goes the same way whether it is traced or not")
    void tracingChangesNothing() {
        PingPong silent = run(3, Trace.off());
        PingPong traced = run(3, Trace.hashing());
        assertThat(silent.world().events()).isEqualTo(traced.world().events());
        assertThat(silent.answers()).isEqualTo(traced.answers());
    }

    @Test
    @DisplayName("keeps what was synced through crashes in every place, and gets something done")
    void survives() {
        long crashes = 0;
        for (int seed = 0; seed < 50; seed++) {
            PingPong cluster = run(seed, Trace.off());
            assertThat(cluster.answers()).as("answers with seed %d", seed).isGreaterThan(1_000);
            crashes += cluster.crashes();
        }
        assertThat(crashes).isGreaterThan(1_000);
    }
}
