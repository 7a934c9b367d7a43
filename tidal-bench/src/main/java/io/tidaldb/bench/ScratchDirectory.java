package io.tidaldb.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A directory of the benchmark's own, empty when made anew, removed at the end. */
record ScratchDirectory(Path path) {

    void create() throws IOException {
        remove();
        Files.createDirectories(path);
    }

    void remove() throws IOException {
        if (Files.exists(path)) {
            try (Stream<Path> files = Files.walk(path)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Returns the bytes of all files whose names end so. */
    long bytes(String ending) throws IOException {
        long bytes = 0;
        for (Path file : files(ending)) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    void removeFiles(String ending) throws IOException {
        for (Path file : files(ending)) {
            Files.delete(file);
        }
    }

    private Iterable<Path> files(String ending) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            return files.filter(file -> file.toString().endsWith(ending)).toList();
        }
    }
}
