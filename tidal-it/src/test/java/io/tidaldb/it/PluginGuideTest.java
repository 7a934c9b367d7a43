package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The guide to plugins")
class PluginGuideTest {

    private static final Pattern SHOWN = Pattern.compile("   ```(?:java|xml|text)\n(.*?)   ```", Pattern.DOTALL);
    private static final Path EXAMPLE = Repository.root().resolve("examples/notebook-wal");

    private static String squeezed(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }

    @Test
    @DisplayName("shows what the example that the build compiles and tests has")
    void showsTheExample() {
        Stream<Path> files = Stream.of("pom.xml", ".java", "WalStoreFactory")
                .flatMap(suffix -> Repository.files(EXAMPLE, suffix).stream())
                .filter(file -> !file.startsWith(EXAMPLE.resolve("target")));
        String example = Stream.concat(files, Stream.of(EXAMPLE.resolveSibling("pom.xml")))
                .map(file -> squeezed(Repository.read(file)))
                .collect(Collectors.joining("\n"));
        List<String> shown = Repository.extractAll(Repository.root().resolve("docs/plugins.md"), SHOWN);
        assertThat(shown)
                .hasSizeGreaterThanOrEqualTo(5)
                .allSatisfy(part -> assertThat(example).contains(squeezed(part)));
    }
}
