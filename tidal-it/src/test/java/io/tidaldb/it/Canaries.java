package io.tidaldb.it;

import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Bytes that must be in no file of a directory once they are erased.
 *
 * @param directory is searched with all that is below it
 * @param texts a character for each byte
 */
record Canaries(Path directory, List<String> texts) {

    /** How many signals {@link #fill} writes. */
    static final int SIGNALS = 10_000;

    private static final int PER_WRITE = 200;

    /** Writes a signal of each of many entities whose names begin with this one. */
    static void fill(Tenant tenant, String name) {
        for (int i = 0; i < SIGNALS / PER_WRITE; i++) {
            List<Signal> signals = new ArrayList<>();
            for (int j = 0; j < PER_WRITE; j++) {
                signals.add(Signal.of("view", name + i + "-" + j, 1));
            }
            tenant.recordAll(signals);
        }
    }

    /** Returns bytes as a text to search for. */
    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Returns the files that hold one of them, searched byte by byte. */
    List<String> holding() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(this::isIn)
                    .map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private boolean isIn(Path file) {
        try {
            String content = text(Files.readAllBytes(file));
            return texts.stream().anyMatch(content::contains);
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
