package io.tidaldb.it;

import io.tidaldb.core.ModelRun;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-81: random stories")
class ModelMatrixTest {

    @TempDir
    Path directory;

    private final Cell cell;

    ModelMatrixTest(Cell cell) {
        this.cell = cell;
    }

    @Test
    @DisplayName("R-13, R-14, R-15, R-16: random stories with crashes agree with the model; "
            + "-Dtidal.model.runs=N for more, -Dtidal.model.seed=S for others")
    void agreesWithTheModel() {
        long first = Long.getLong("tidal.model.seed", 1000);
        for (long seed = first; seed < first + Integer.getInteger("tidal.model.runs", 6); seed++) {
            Path data = directory.resolve("seed" + seed);
            ModelRun.run(
                    seed,
                    40,
                    true,
                    builder -> cell.in(builder.dataDir(data)).segmentBytes(4096).open());
        }
    }
}
