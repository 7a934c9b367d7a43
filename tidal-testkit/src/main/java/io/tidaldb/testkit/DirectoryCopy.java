package io.tidaldb.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Copies and compares directories: what is on disk at a moment is what a process leaves that is killed then. */
final class DirectoryCopy {

    private DirectoryCopy() {}

    /** Copies a directory as it is at one moment: again, if a store changed its files in the background meanwhile. */
    static Path copy(Path from, Path to) {
        try {
            while (true) {
                Map<String, Long> before = sizes(from);
                if (copyOnce(from, to) && sizes(from).equals(before)) {
                    return to;
                }
                delete(to);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean copyOnce(Path from, Path to) throws IOException {
        for (Path file : all(from)) {
            Path target = to.resolve(from.relativize(file).toString());
            if (Files.isDirectory(file)) {
                Files.createDirectories(target);
                continue;
            }
            try {
                Files.copy(file, target);
            } catch (NoSuchFileException e) {
                return false;
            }
        }
        return true;
    }

    private static Map<String, Long> sizes(Path directory) throws IOException {
        Map<String, Long> sizes = new TreeMap<>();
        for (Path file : all(directory)) {
            sizes.put(directory.relativize(file).toString(), file.toFile().length());
        }
        return sizes;
    }

    private static List<Path> all(Path directory) throws IOException {
        while (true) {
            try (Stream<Path> files = Files.walk(directory)) {
                return files.toList();
            } catch (UncheckedIOException e) {
                // A directory that went while it was walked into.
                if (!(e.getCause() instanceof NoSuchFileException)) {
                    throw e;
                }
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        List<Path> files = new ArrayList<>(all(directory));
        Collections.reverse(files);
        for (Path file : files) {
            Files.delete(file);
        }
    }

    /** Returns the size and content hash of every file, by relative path. */
    static Map<String, String> fingerprint(Path directory) {
        Map<String, String> prints = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                byte[] bytes = Files.readAllBytes(file);
                prints.put(
                        directory.relativize(file).toString(), bytes.length + ":" + java.util.Arrays.hashCode(bytes));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return prints;
    }
}
