package io.tidaldb.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Which scenarios ran on which cells: a line on standard output when all tests have ended, and a file with all of them. Not thread-safe. */
final class MatrixReport implements AutoCloseable {

    private static final Path FILE = Path.of("target", "matrix.txt");

    private final Map<Cell, Tally> cells = new LinkedHashMap<>();

    /** How the scenarios of one cell went. */
    static final class Tally {

        private final List<String> passed = new ArrayList<>();
        private final List<String> failed = new ArrayList<>();
        private long begun;
        private long nanos;

        void begin() {
            begun = System.nanoTime();
        }

        void end() {
            nanos += System.nanoTime() - begun;
        }

        void passed(String scenario) {
            passed.add(scenario);
        }

        void failed(String scenario) {
            failed.add(scenario);
        }

        @Override
        public String toString() {
            return String.format("%d passed, %d failed, %.1f s", passed.size(), failed.size(), nanos / 1e9);
        }
    }

    Tally of(Cell cell) {
        return cells.computeIfAbsent(cell, added -> new Tally());
    }

    @Override
    public void close() throws IOException {
        List<String> lines = new ArrayList<>();
        cells.forEach((cell, tally) -> {
            lines.add(cell + ": " + tally);
            tally.failed.forEach(scenario -> lines.add("  failed: " + scenario));
            tally.passed.forEach(scenario -> lines.add("  passed: " + scenario));
        });
        Files.createDirectories(FILE.getParent());
        Files.write(FILE, lines);
        System.out.println("matrix: "
                + cells.entrySet().stream()
                        .map(cell -> cell.getKey() + " " + cell.getValue())
                        .collect(Collectors.joining("; ")));
        cells.forEach((cell, tally) ->
                tally.failed.forEach(scenario -> System.out.println("matrix: " + cell + " failed: " + scenario)));
    }
}
