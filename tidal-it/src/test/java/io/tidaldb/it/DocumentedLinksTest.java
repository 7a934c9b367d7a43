package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Links in the documentation")
class DocumentedLinksTest {

    private static final Pattern CODE = Pattern.compile("```.*?```|`[^`\n]*`", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *$");

    private static List<Path> pages() {
        List<Path> pages = new ArrayList<>(Repository.files(Repository.root().resolve("docs"), ".md"));
        pages.addAll(Repository.files(Repository.root().resolve("examples"), ".md"));
        for (String page : List.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")) {
            pages.add(Repository.root().resolve(page));
        }
        return pages;
    }

    /** Returns what a heading is linked by: small letters, digits, hyphens and underscores, blanks as hyphens. */
    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N} _-]", "")
                .replace(' ', '-');
    }

    private static List<String> anchors(Path page) {
        return HEADING.matcher(Repository.read(page).replaceAll("(?s)```.*?```", ""))
                .results()
                .map(heading -> anchor(heading.group(1)))
                .toList();
    }

    private static boolean leadsSomewhere(Path page, String link) {
        int hash = link.indexOf('#');
        String file = hash < 0 ? link : link.substring(0, hash);
        Path target = file.isEmpty() ? page : page.resolveSibling(file).normalize();
        return Files.exists(target) && (hash < 0 || anchors(target).contains(link.substring(hash + 1)));
    }

    private static List<String> links(Path page) {
        return LINK.matcher(CODE.matcher(Repository.read(page)).replaceAll(""))
                .results()
                .map(link -> link.group(1))
                .filter(link -> !link.contains("://"))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"docs", "docs/decisions"})
    @DisplayName("in an index lead to every page beside it")
    void indexesAreComplete(String directory) {
        Path beside = Repository.root().resolve(directory);
        Path index = beside.resolve("README.md");
        List<String> pages = Repository.files(beside, ".md").stream()
                .filter(page -> !page.equals(index))
                .map(page -> beside.relativize(page).toString())
                .filter(page -> !page.contains(File.separator))
                .toList();
        assertThat(pages).hasSizeGreaterThan(3);
        assertThat(links(index)).containsAll(pages);
    }

    @Test
    @DisplayName("lead to pages and headings that there are")
    void lead() {
        int checked = 0;
        for (Path page : pages()) {
            List<String> links = links(page);
            assertThat(links.stream()
                            .filter(link -> !leadsSomewhere(page, link))
                            .toList())
                    .as("links of %s that lead nowhere", Repository.root().relativize(page))
                    .isEmpty();
            checked += links.size();
        }
        assertThat(checked).isGreaterThan(40);
    }
}
