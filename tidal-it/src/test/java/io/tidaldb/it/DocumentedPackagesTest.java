package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Newcomers find what to change by these maps. */
@DisplayName("The maps of packages in the documentation")
class DocumentedPackagesTest {

    private static final Pattern NAME = Pattern.compile("`([a-z.]+)`");

    /** Returns the names in the first column of the table whose head names the package. */
    private static Stream<String> mapped(String parent) {
        String head = "| `" + parent + ".` | for a change of |\n| --- | --- |\n";
        String page = Repository.read(Repository.root().resolve("docs/architecture.md"));
        assertThat(page).contains(head);
        return page.substring(page.indexOf(head) + head.length())
                .lines()
                .takeWhile(line -> line.startsWith("|"))
                .map(line -> line.split("\\|", -1)[1])
                .flatMap(names -> NAME.matcher(names).results())
                .map(name -> parent + "." + name.group(1));
    }

    @ParameterizedTest
    @CsvSource({"tidal-core, io.tidaldb.core, 30", "tidal-server, io.tidaldb.server, 25"})
    @DisplayName("have every package below the module's own, each once, and no other")
    void mapsAreComplete(String module, String parent, int atLeast) {
        Path sources = Repository.root().resolve(module).resolve("src/main/java");
        List<String> packages = Repository.files(sources, "package-info.java").stream()
                .map(file -> sources.relativize(file.getParent()).toString().replace(File.separatorChar, '.'))
                .filter(name -> !name.equals(parent))
                .toList();
        assertThat(packages).hasSizeGreaterThan(atLeast);
        assertThat(mapped(parent)).containsExactlyInAnyOrderElementsOf(packages);
    }
}
