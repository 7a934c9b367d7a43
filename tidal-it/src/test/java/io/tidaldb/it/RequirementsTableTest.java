package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Keeps {@code docs/requirements.md}: for every requirement, the tests that carry its id in a display name or a tag. The requirements are
 * in {@code requirements.txt}; the rest is read from the test sources of all modules.
 */
@DisplayName("The table of requirements")
class RequirementsTableTest {

    private static final Pattern ANNOTATION =
            Pattern.compile("@(?:DisplayName|Tag)\\(\\s*((?:\"(?:[^\"\\\\]|\\\\.)*\"\\s*\\+?\\s*)+)\\)");
    private static final Pattern ID = Pattern.compile("\\b[RF]-\\d{2}\\b");
    private static final Pattern DECLARATION = Pattern.compile(
            "\\b(?:class|interface)\\s+(\\w+)|\\b\\w+(?:<[^>]*>)?\\s+(\\w+)\\s*\\([^)]*\\)\\s*(?:throws [\\w, .]+)?\\{");

    private static final String HEAD = """
            # Requirements and the tests that prove them

            Generated from the ids in the tests' display names and tags. Do not edit: after a change of tests run
            `mvn test -pl tidal-it -am -Dtidal.docs.update=true -Dtest=RequirementsTableTest -Dsurefire.failIfNoSpecifiedTests=false`.

            | id | requirement | tests |
            | --- | --- | --- |
            """;

    @Test
    @DisplayName("is current")
    void isCurrent() throws IOException {
        Path table = Repository.root().resolve("docs").resolve("requirements.md");
        String current = render(requirements(), tests());
        if (Boolean.getBoolean("tidal.docs.update")) {
            Files.createDirectories(table.getParent());
            Files.writeString(table, current);
        }
        assertThat(table).exists();
        assertThat(Repository.read(table))
                .as("docs/requirements.md is out of date: it says itself how to write it anew")
                .isEqualTo(current);
    }

    @Test
    @DisplayName("knows every requirement that a test names")
    void knowsEveryId() {
        assertThat(requirements()).hasSizeGreaterThan(40);
        assertThat(tests().keySet().stream().filter(id -> id.startsWith("R")))
                .isNotEmpty()
                .isSubsetOf(requirements().keySet());
    }

    private static String render(Map<String, String> requirements, Map<String, Set<String>> tests) {
        StringBuilder table = new StringBuilder(HEAD);
        requirements.forEach((id, text) -> row(table, id, text, tests.getOrDefault(id, new TreeSet<>())));
        tests.forEach((id, names) -> {
            if (!requirements.containsKey(id)) {
                row(table, id, "", names);
            }
        });
        return table.toString();
    }

    private static void row(StringBuilder table, String id, String text, Collection<String> tests) {
        String proof = tests.isEmpty() ? "none yet" : "`" + String.join("`, `", tests) + "`";
        table.append("| ")
                .append(id)
                .append(" | ")
                .append(text)
                .append(" | ")
                .append(proof)
                .append(" |\n");
    }

    private static Map<String, String> requirements() {
        Map<String, String> requirements = new TreeMap<>();
        Repository.read(Repository.root().resolve("tidal-it/src/test/resources/requirements.txt"))
                .lines()
                .filter(line -> !line.isBlank())
                .forEach(line ->
                        requirements.put(line.substring(0, 4), line.substring(4).strip()));
        return requirements;
    }

    private static Map<String, Set<String>> tests() {
        Map<String, Set<String>> tests = new TreeMap<>();
        for (Path module : Repository.modules()) {
            for (String sources : new String[] {"src/test/java", "src/main/java"}) {
                // Contract suites are published, so they are main code of the testkit.
                if (sources.startsWith("src/test") || module.endsWith("tidal-testkit")) {
                    Repository.files(module.resolve(sources), ".java").forEach(file -> scan(file, tests));
                }
            }
        }
        return tests;
    }

    private static void scan(Path file, Map<String, Set<String>> tests) {
        String source = Repository.read(file);
        String unit = file.getFileName().toString().replace(".java", "");
        Matcher annotation = ANNOTATION.matcher(source);
        while (annotation.find()) {
            Matcher declaration = DECLARATION.matcher(source);
            String name = declaration.find(annotation.end()) && declaration.group(1) == null
                    ? unit + "." + declaration.group(2)
                    : unit;
            ID.matcher(annotation.group(1))
                    .results()
                    .forEach(id -> tests.computeIfAbsent(id.group(), key -> new TreeSet<>())
                            .add(name));
        }
    }
}
