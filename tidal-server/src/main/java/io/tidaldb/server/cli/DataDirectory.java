package io.tidaldb.server.cli;

import io.tidaldb.core.Tidal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which store a command works on, and how it is opened. */
final class DataDirectory {

    @Option(names = "--data-dir", paramLabel = "DIR", description = "Open this data directory; takes its lock.")
    @Nullable
    private Path directory;

    @Option(
            names = "--server",
            paramLabel = "URL[,URL...]",
            description = "Talk to a running server. Not available in this version.")
    @Nullable
    private String server;

    /** Opens a directory that exists. */
    Tidal openExisting() {
        Path chosen = chosen();
        if (!Files.isDirectory(chosen)) {
            throw CliException.failed("data directory " + chosen
                    + " does not exist; commands that write create it, for example tidal tenant create");
        }
        return openWithDefaults(chosen);
    }

    /** Opens a directory and creates it if it is missing. */
    Tidal openOrCreate() {
        return openWithDefaults(chosen());
    }

    /** As {@link #openOrCreate}, but declares nothing. */
    Tidal openUndeclared() {
        return Tidal.builder().dataDir(chosen()).open();
    }

    private Path chosen() {
        if (server != null) {
            throw CliException.usage("--server is not available in this version: use --data-dir DIR");
        }
        if (directory == null) {
            throw CliException.usage("--data-dir DIR is missing: servers are not available in this version");
        }
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw CliException.usage("--data-dir " + directory + " is not a directory");
        }
        return directory;
    }

    // Declared before the logs are replayed: version 1 knew these two types, and its logs name them by index only.
    private static Tidal openWithDefaults(Path directory) {
        return Tidal.builder()
                .dataDir(directory)
                .defaultSignal("view", Duration.ofDays(7))
                .defaultSignal("like", Duration.ofDays(30))
                .open();
    }
}
