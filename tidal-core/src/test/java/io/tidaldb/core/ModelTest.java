package io.tidaldb.core;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelTest {

    @TempDir
    Path directory;

    private static final long FIRST = Long.getLong("tidal.model.seed", 1);

    private static int runs(int unlessSet) {
        return Integer.getInteger("tidal.model.runs", unlessSet);
    }

    @Test
    @DisplayName(
            "R-15, R-16: random stories agree with the model; -Dtidal.model.runs=N for more, -Dtidal.model.seed=S for others")
    void inMemory() {
        for (long seed = FIRST; seed < FIRST + runs(200); seed++) {
            ModelRun.run(seed, 40, false, new Drill(directory)::openEphemeral);
        }
    }

    @Test
    @DisplayName("R-13, R-14: so do stories with crashes, on a disk that loses what was not synced")
    void withCrashes() {
        for (long seed = FIRST; seed < FIRST + runs(12); seed++) {
            Drill drill = new Drill(directory.resolve("seed" + seed));
            ModelRun.run(seed, 40, true, builder -> {
                drill.clock.advance(Duration.ofMillis(5));
                return drill.on(builder).open();
            });
        }
    }
}
