package io.tidaldb.server.quickstart;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.option.EventFileOptions;
import io.tidaldb.server.cli.option.PluginOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The whole story in one command. */
@Command(
        name = "quickstart",
        description =
                "Three nodes, three tenants, real events, a noisy neighbour, a crash: in one process, checked at the end.")
@SuppressWarnings("NullAway.Init")
public final class QuickstartCommand extends CliCommand {

    @Option(names = "--events", paramLabel = "FILE", description = "Events to use (default: a sample of flights).")
    @Nullable
    private String events;

    @Mixin
    private final EventFileOptions reading = new EventFileOptions();

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "Must be empty, and is left (default: a temporary directory that is removed).")
    @Nullable
    private Path directory;

    @Option(
            names = "--wal",
            defaultValue = "file",
            paramLabel = "NAME",
            description = "Log store (default: ${DEFAULT-VALUE}).")
    private String wal;

    @Option(
            names = "--transport",
            defaultValue = "inproc",
            paramLabel = "NAME",
            description = "How nodes talk (default: ${DEFAULT-VALUE}).")
    private String transport;

    @Mixin
    private final PluginOptions plugins = new PluginOptions();

    @Option(names = "--serve", description = "Stay up with the dashboard. Not available in this version.")
    private boolean serve;

    @Option(names = "--port", paramLabel = "N", description = "With --serve. Not available in this version.")
    @Nullable
    private Integer port;

    @Override
    public Integer call() throws IOException, InterruptedException {
        checkOptions();
        Sample sample = events == null ? Sample.flights(reading) : Sample.of(events, reading);
        return directory == null ? inTemporaryDirectory(sample) : run(sample, empty(directory));
    }

    private void checkOptions() {
        if (serve || port != null) {
            throw CliException.usage("--serve and --port are not available in this version");
        }
        plugins.checkWal(wal);
        plugins.checkTransport(transport);
        if (events == null && reading.mapped()) {
            throw CliException.usage("--map needs --events FILE: the sample's columns are known");
        }
    }

    private static Path empty(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return directory;
        }
        if (!Files.isDirectory(directory)) {
            throw CliException.usage("--data-dir " + directory + " is not a directory");
        }
        try (Stream<Path> content = Files.list(directory)) {
            if (content.findAny().isPresent()) {
                throw CliException.usage(
                        "--data-dir " + directory + " is not empty: quickstart needs an empty directory");
            }
        }
        return directory;
    }

    private int inTemporaryDirectory(Sample sample) throws IOException, InterruptedException {
        Path temporary = Files.createTempDirectory("tidal-quickstart-");
        // Also when the user loses patience.
        Thread removal = new Thread(() -> remove(temporary), "tidal-quickstart-removal-0");
        Runtime.getRuntime().addShutdownHook(removal);
        try {
            return run(sample, temporary);
        } finally {
            remove(temporary);
        }
    }

    private int run(Sample sample, Path where) throws IOException, InterruptedException {
        ObjectNode report = new Quickstart(sample, where, plugins, wal, transport, output()::note).run();
        output().result(report);
        return report.get("ok").asBoolean() ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    private void remove(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.deleteIfExists(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (NoSuchFileException e) {
            return;
        } catch (IOException | UncheckedIOException e) {
            output().note("could not remove " + directory + ": " + e.getMessage());
        }
    }
}
