package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What whoever puts the jars on the module path relies on. */
@DisplayName("The modules of Java")
class ModulesTest {

    private static Path sources(Path module) {
        return module.resolve("src/main/java");
    }

    private static List<Path> withSources() {
        return Repository.modules().stream()
                .filter(module -> Files.isDirectory(sources(module)))
                .toList();
    }

    @Test
    @DisplayName("have no package in common")
    void noSplitPackages() {
        SortedMap<String, List<String>> modules = new TreeMap<>();
        for (Path module : withSources()) {
            Repository.files(sources(module), "package-info.java").stream()
                    .map(file -> sources(module).relativize(file.getParent()).toString())
                    .forEach(name -> modules.computeIfAbsent(name, key -> new ArrayList<>())
                            .add(module.getFileName().toString()));
        }
        assertThat(modules).hasSizeGreaterThan(40);
        assertThat(modules.values()).allSatisfy(in -> assertThat(in).hasSize(1));
    }

    @Test
    @DisplayName("have names that do not follow from those of the jars")
    void names() {
        assertThat(withSources()).hasSizeGreaterThan(9).allSatisfy(module -> {
            boolean declared = Files.exists(sources(module).resolve("module-info.java"));
            boolean named = Repository.read(module.resolve("pom.xml")).contains("<Automatic-Module-Name>io.tidaldb.");
            assertThat(declared || named || module.endsWith("tidal-bench"))
                    .as("%s declares a module, or names one", module.getFileName())
                    .isTrue();
        });
    }

    @Test
    @DisplayName("provide on the module path what service files name on the class path")
    void services() {
        int named = 0;
        for (Path module : withSources()) {
            Path declaration = sources(module).resolve("module-info.java");
            if (Files.exists(declaration)) {
                String text = Repository.read(declaration);
                for (Path service :
                        Repository.files(module.resolve("src/main/resources/META-INF/services"), "Factory")) {
                    String provider = Repository.read(service).strip();
                    assertThat(text)
                            .contains("import " + service.getFileName() + ";", "import " + provider + ";")
                            .containsPattern("provides "
                                    + simple(service.getFileName().toString()) + " with\\s+" + simple(provider) + ";");
                    named++;
                }
            }
        }
        assertThat(named).isGreaterThan(6);
    }

    private static String simple(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
