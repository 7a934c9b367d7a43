package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Replication under random faults")
class ReplicationSimulation {

    @Test
    @DisplayName(
            "loses nothing that was acknowledged, repeats nothing, lets nothing go where it must not, and converges")
    void survives() {
        Seeds.run(ReplicationSimulation.class, RandomCluster::run);
    }

    @Test
    @DisplayName("leaves the same trace, byte for byte, whenever it runs from the same seed")
    void sameSeedSameTrace(@TempDir Path directory) throws IOException {
        for (long seed = 1; seed <= 3; seed++) {
            Path first = directory.resolve("first");
            Path second = directory.resolve("second");
            try (Trace one = Trace.to(first);
                    Trace two = Trace.to(second)) {
                RandomCluster.run(seed, one);
                RandomCluster.run(seed, two);
            }
            assertThat(Files.mismatch(first, second))
                    .as("first difference with seed %d", seed)
                    .isNegative();
        }
    }
}
