package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-71: What a release says that it is")
class ReleaseFilesTest {

    private static final Pattern PROJECT =
            Pattern.compile("<artifactId>tidal-parent</artifactId>\\s*<version>([0-9.]+)(-SNAPSHOT)?</version>");
    private static final String FILE = "resources/io/tidaldb/core/upgrade/release.properties";

    private static Properties read(String directory) throws IOException {
        Properties properties = new Properties();
        try (Reader file =
                Files.newBufferedReader(Repository.root().resolve(directory).resolve(FILE))) {
            properties.load(file);
        }
        return properties;
    }

    @Test
    @DisplayName("is the version of the project")
    void version() throws IOException {
        Path project = Repository.root().resolve("pom.xml");
        Matcher version = PROJECT.matcher(Files.readString(project));
        assertThat(version.find()).as(project.toString()).isTrue();
        assertThat(read("tidal-core/src/main").getProperty("version")).isEqualTo(version.group(1));
    }

    @Test
    @DisplayName("the next one, in tests, is one minor version later, and reads all that this one writes")
    void next() throws IOException {
        Properties now = read("tidal-core/src/main");
        Properties next = read("tidal-it/src/next");
        String[] parts = now.getProperty("version").split("\\.", -1);
        assertThat(next.getProperty("version")).isEqualTo(parts[0] + "." + (Integer.parseInt(parts[1]) + 1) + ".0");
        assertThat(next.getProperty("oldest")).isEqualTo(parts[0] + "." + parts[1]);
        for (String name : now.stringPropertyNames()) {
            if (name.startsWith("format.")) {
                assertThat(next.getProperty(name)).as(name).startsWith(now.getProperty(name));
            }
        }
    }
}
