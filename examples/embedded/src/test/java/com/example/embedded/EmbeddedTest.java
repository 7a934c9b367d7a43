package com.example.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.Tidal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedTest {

    @TempDir
    Path directory;

    private String run() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Embedded.run(directory, new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void secondRunGoesOn() {
        assertThat(run())
                .contains("views in all: 2, of 42 in the last hour: 1, top: IAH-LAX", "refused: QUOTA_EXCEEDED");
        assertThat(run()).contains("of 42 in the last hour: 2, top: IAH-LAX");
    }

    @Test
    void runsOnTheModulePath() {
        assertThat(Tidal.class.getModule().getName()).isEqualTo("io.tidaldb.core");
    }
}
