package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The script tidal")
class TidalScriptTest {

    @TempDir
    Path tree;

    @Test
    @DisplayName("builds where nothing was built yet, and says so")
    void buildsOnFirstUse() throws IOException, InterruptedException {
        Files.copy(Repository.root().resolve("tidal"), tree.resolve("tidal"));
        // In place of Maven, which would take a minute and need the sources.
        Path mvn = Files.writeString(tree.resolve("mvn"), "#!/bin/sh\necho asked to build \"$@\"\nexit 1\n");
        assertThat(mvn.toFile().setExecutable(true)).isTrue();
        ProcessBuilder script = new ProcessBuilder("bash", tree.resolve("tidal").toString(), "--version");
        script.environment().merge("PATH", tree.toString(), (path, first) -> first + File.pathSeparator + path);
        Process process = script.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(said).contains("building on first use", "asked to build", "package", "tidal: the build failed");
    }
}
