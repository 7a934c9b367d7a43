package io.tidaldb.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The working copy that is being built, as the tests about the whole of it see it. */
final class Repository {

    private static final Pattern COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);
    private static final Pattern MODULE = Pattern.compile("<module>([a-z-]+)</module>");

    private Repository() {}

    static Path root() {
        Path root =
                Path.of(System.getProperty("tidal.root", "..")).toAbsolutePath().normalize();
        if (!Files.exists(root.resolve("tidal-it"))) {
            throw new IllegalStateException(
                    root + " is not the repository: run the tests from there, or set tidal.root");
        }
        return root;
    }

    /** Returns the directories of the modules that the build has. */
    static List<Path> modules() {
        String pom = COMMENT.matcher(read(root().resolve("pom.xml"))).replaceAll("");
        return MODULE.matcher(pom)
                .results()
                .map(match -> root().resolve(match.group(1)))
                .toList();
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Path> files(Path directory, String suffix) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the first match of the pattern's first group in a file. */
    static List<String> extractAll(Path file, Pattern pattern) {
        return pattern.matcher(read(file))
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    /** Returns the jar, or the directory, that a class was loaded from. */
    static Path home(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
