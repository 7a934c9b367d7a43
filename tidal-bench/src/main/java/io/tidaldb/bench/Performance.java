package io.tidaldb.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Measures the tables of {@code docs/performance.md}: each in a process of its own, so that neither heaps nor compiled code nor a crash get
 * from one into the next. What is done is written after each table.
 */
public final class Performance {

    private static final Map<String, String> DEFAULTS = Map.of(
            "--tables", "",
            "--rounds", "5",
            "--seconds", "1",
            "--dir", "target/performance",
            "--tidal", "./tidal",
            "--markdown", "target/performance.md",
            "--json", "target/performance.json",
            "--page", "",
            "--quick", "false");

    private static final Map<String, String> QUICK = Map.of("--rounds", "3", "--seconds", "0.4", "--quick", "true");

    private static final long MAX_TABLE_MINUTES = 30;

    private Performance() {}

    /** Runs it; options are in {@code docs/performance.md}. */
    public static void main(String[] args) throws IOException, InterruptedException {
        boolean quick = List.of(args).contains("--quick");
        Map<String, String> defaults = new LinkedHashMap<>(DEFAULTS);
        defaults.putAll(quick ? QUICK : Map.of());
        Options options = Options.parse(
                List.of(args).stream().filter(each -> !each.equals("--quick")).toArray(String[]::new), defaults);
        List<String> names = options.texts("--tables").isEmpty() ? Tables.names() : options.texts("--tables");
        for (String name : names) {
            if (!Tables.names().contains(name)) {
                System.err.println("unknown table: " + name + "; expected some of " + Tables.names());
                System.exit(2);
            }
        }
        run(names, options);
    }

    private static void run(List<String> names, Options options) throws IOException, InterruptedException {
        Path directory = Path.of(options.text("--dir"));
        Machine machine = Machine.here(directory);
        String conditions = String.format(
                Locale.ROOT,
                "%s: %s Medians of %d rounds of %s s.%n",
                Instant.now().truncatedTo(ChronoUnit.MINUTES),
                machine.markdown(),
                options.number("--rounds"),
                options.text("--seconds"));
        StringBuilder markdown = new StringBuilder(conditions);
        List<String> measured = new ArrayList<>();
        List<Object> tables = new ArrayList<>();
        ObjectMapper json = new ObjectMapper();
        for (String name : names) {
            System.err.println("table " + name);
            Path text = directory.resolve(name + ".md");
            Path part = directory.resolve(name + ".json");
            Path plot = beside(Path.of(options.text("--markdown")), name);
            markdown.append("\n");
            if (measured(name, options, text, part, plot)) {
                markdown.append(Files.readString(text));
                measured.add(Files.readString(text) + "\nMeasured by itself. " + conditions);
                tables.add(json.readTree(part.toFile()));
            } else {
                markdown.append("### ").append(name).append("\n\nNot measured: its process failed.\n");
            }
            // Each time, so that what is measured stays if the rest is not waited for.
            Files.writeString(Path.of(options.text("--markdown")), markdown);
            json.writerWithDefaultPrettyPrinter()
                    .writeValue(
                            Path.of(options.text("--json")).toFile(),
                            Map.of("machine", machine, "options", options.values(), "tables", tables));
        }
        if (!options.text("--page").isEmpty()) {
            Page page = new Page(Path.of(options.text("--page")));
            for (String name : names) {
                Path plot = beside(Path.of(options.text("--markdown")), name);
                if (Files.exists(plot)) {
                    Files.copy(plot, beside(page.file(), name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
            if (options.texts("--tables").isEmpty()) {
                page.replaceAll(markdown.toString());
            } else {
                page.replace(measured, Tables.headings());
            }
        }
        new ScratchDirectory(directory).remove();
        System.out.write(markdown.toString().getBytes(StandardCharsets.UTF_8));
        System.out.flush();
    }

    /** Returns the file name of what is drawn of a table, beside the page that has it. */
    static String plot(String table) {
        return "performance-" + table + ".svg";
    }

    private static Path beside(Path page, String table) {
        return page.resolveSibling(plot(table));
    }

    private static boolean measured(String name, Options options, Path markdown, Path json, Path plot)
            throws IOException, InterruptedException {
        Files.deleteIfExists(markdown);
        Files.deleteIfExists(plot);
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+AlwaysPreTouch"));
        command.addAll(Tables.javaOptions(name));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), TableProcess.class.getName()));
        command.addAll(List.of("--table", name, "--markdown", markdown.toString(), "--json", json.toString()));
        command.addAll(List.of("--plot", plot.toString()));
        for (String passed : List.of("--rounds", "--seconds", "--dir", "--tidal", "--quick")) {
            command.addAll(List.of(passed, options.text(passed)));
        }
        Process process = Children.start(new ProcessBuilder(command).inheritIO());
        if (!process.waitFor(MAX_TABLE_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
        }
        return process.exitValue() == 0 && Files.exists(markdown);
    }
}
