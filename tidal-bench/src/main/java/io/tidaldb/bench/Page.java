package io.tidaldb.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A page of the documentation that ends with tables, each below a heading. */
record Page(Path file) {

    private static final String MARKER = "<!-- What follows is written by the command above. -->";
    private static final Pattern HEADING = Pattern.compile("(?m)^(?=### )");

    /** Puts these in place of all that there are. */
    void replaceAll(String tables) throws IOException {
        write(Files.readString(file), tables);
    }

    /**
     * Puts each in place of the one with the same heading, or where it belongs, and leaves the others.
     *
     * @param order the headings of all tables
     */
    void replace(List<String> tables, List<String> order) throws IOException {
        String text = Files.readString(file);
        String[] parts = HEADING.split(text.substring(start(text)));
        Map<String, String> byHeading = new LinkedHashMap<>();
        for (int i = 1; i < parts.length; i++) {
            byHeading.put(heading(parts[i]), parts[i]);
        }
        tables.forEach(table -> byHeading.put(heading(table), table));
        String sorted = byHeading.keySet().stream()
                .sorted(Comparator.comparingInt(order::indexOf))
                .map(heading -> "\n" + byHeading.get(heading).strip() + "\n")
                .collect(Collectors.joining());
        write(text, parts[0].strip() + "\n" + sorted);
    }

    private static String heading(String table) {
        return table.lines().findFirst().orElse("");
    }

    private void write(String text, String tables) throws IOException {
        Files.writeString(file, text.substring(0, start(text)) + "\n\n" + tables);
    }

    /** Returns where the tables begin. */
    private int start(String text) throws IOException {
        int marker = text.indexOf(MARKER);
        if (marker < 0) {
            throw new IOException(file + " has no line \"" + MARKER + "\", after which the tables go");
        }
        return marker + MARKER.length();
    }
}
