package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the examples of {@code docs/http.md} as a reader would, one after the other. */
@DisplayName("The requests in the documentation")
class DocumentedHttpTest {

    private static final Pattern CURL = Pattern.compile("```sh\n(curl .*?)```", Pattern.DOTALL);
    private static final String DOCUMENTED = "http://127.0.0.1:7400";

    @TempDir
    Path work;

    @Test
    @DisplayName("do what the page says")
    void run() throws Exception {
        Assumptions.assumeTrue(hasCurl(), "curl is not installed");
        Path page = Repository.root().resolve("docs").resolve("http.md");
        List<String> examples = Repository.extractAll(page, CURL);
        assertThat(examples).hasSizeGreaterThan(8);
        Path configuration = Files.writeString(
                work.resolve("node.yaml"), "data_dir: " + work.resolve("data") + "\nhttp: {listen: \"127.0.0.1:0\"}\n");
        try (TidalProcess node = TidalProcess.start(work.resolve("err.txt"), "node", "--config", configuration)) {
            String url = "http://" + String.valueOf(node.line()).replaceFirst(".*http=([^ ]*).*", "$1");
            for (String example : examples) {
                Process shell = new ProcessBuilder("bash", "-euc", example.replace(DOCUMENTED, url))
                        .redirectErrorStream(true)
                        .redirectOutput(work.resolve("out.txt").toFile())
                        .start();
                assertThat(shell.waitFor(60, TimeUnit.SECONDS)).as(example).isTrue();
                assertThat(shell.exitValue())
                        .as("%s%n%s", example, Files.readString(work.resolve("out.txt")))
                        .isZero();
            }
        }
    }

    private static boolean hasCurl() throws InterruptedException {
        try {
            return new ProcessBuilder("curl", "--version")
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (java.io.IOException e) {
            return false;
        }
    }
}
