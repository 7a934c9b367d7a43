package com.example.forage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The files in a directory: NAME.txt is the source NAME, each of its lines the title of an item. Whatever is added is found by the next look. */
final class Sources {

    private static final int MAX_ITEMS = 10_000;
    private static final String SUFFIX = ".txt";

    private final Path directory;
    private final Labels labels;

    Sources(Path directory, Labels labels) {
        this.directory = directory;
        this.labels = labels;
    }

    List<Item> items() {
        List<Item> items = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(each -> each.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList()) {
                String name = file.getFileName().toString();
                String source = name.substring(0, name.length() - SUFFIX.length());
                try (Stream<String> lines = Files.lines(file)) {
                    lines.filter(line -> !line.isBlank())
                            .limit(MAX_ITEMS - items.size())
                            .forEach(title -> items.add(Item.of(source, title.strip(), labels.of(title))));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " can't be read", e);
        }
        return items;
    }
}
