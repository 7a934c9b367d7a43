package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Keeps {@code docs/reliability.md} complete: a row for each class of bugs, and no test named that is not there. */
@DisplayName("The page on reliability")
class ReliabilityTableTest {

    private static final int CLASSES = 51;
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (\\d+) \\| ([^|]+) \\| ([^|]+) \\|$");
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*(?:Test|Simulation|Contract))`|-Dtest=(\\w+)");

    private static String page() {
        return Repository.read(Repository.root().resolve("docs").resolve("reliability.md"));
    }

    private static Set<String> testClasses() throws IOException {
        try (Stream<Path> files = Files.walk(Repository.root())) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.toSet());
        }
    }

    @Test
    @DisplayName("has a row for each class of bugs, with a test that is there or a reason")
    void hasEveryClass() {
        List<MatchResult> rows = ROW.matcher(page()).results().toList();
        assertThat(rows)
                .extracting(row -> Integer.parseInt(row.group(1)))
                .isEqualTo(IntStream.rangeClosed(1, CLASSES).boxed().toList());
        assertThat(rows)
                .allSatisfy(row -> assertThat(TEST.matcher(row.group(3)).find()
                                || row.group(3).contains("can't occur: ")
                                || row.group(3).contains("open: "))
                        .as(row.group())
                        .isTrue());
    }

    @Test
    @DisplayName("names no test that is not there")
    void namesNoOther() throws IOException {
        Set<String> known = testClasses();
        List<String> named = TEST.matcher(page())
                .results()
                .map(match -> match.group(1) == null ? match.group(2) : match.group(1))
                .toList();
        assertThat(named).hasSizeGreaterThan(CLASSES);
        assertThat(known).containsAll(named);
    }

    @Test
    @DisplayName("has planted bugs, each of which names tests that are there or is for a simulation")
    void plantedBugsNameTheirTests() throws IOException {
        Set<String> known = testClasses();
        try (Stream<Path> patches =
                Files.list(Repository.root().resolve("tidal-it").resolve("src").resolve("mutations"))) {
            List<Path> all =
                    patches.filter(file -> file.toString().endsWith(".patch")).toList();
            assertThat(all).hasSizeGreaterThan(20);
            for (Path patch : all) {
                List<String> lines = Files.readAllLines(patch);
                assertThat(lines.get(0)).as(patch.toString()).endsWith(".");
                if (!lines.get(1).isEmpty()) {
                    assertThat(lines.get(1)).as(patch.toString()).matches("Noticed by: tidal-[a-z-]+ [\\w,]+");
                    assertThat(known)
                            .as(patch.toString())
                            .containsAll(
                                    List.of(lines.get(1).replaceFirst(".* ", "").split(",", -1)));
                }
            }
        }
    }
}
