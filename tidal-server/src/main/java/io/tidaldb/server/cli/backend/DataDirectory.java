package io.tidaldb.server.cli.backend;

import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.option.PluginOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say which store a command works on, and how it is opened. */
class DataDirectory {

    @Option(names = "--data-dir", paramLabel = "DIR", description = "Open this data directory; takes its lock.")
    @Nullable
    private Path directory;

    @Option(names = "--keys", paramLabel = "DIR", description = "Directory with the master keys of encrypted tenants.")
    @Nullable
    private Path keys;

    @Mixin
    private final PluginOptions plugins = new PluginOptions();

    /** Returns whether a directory is named. */
    final boolean isNamed() {
        return directory != null;
    }

    /** Refuses options that are about a directory where none is named. */
    void checkUnnamed() {
        plugins.checkNotGiven();
        if (keys != null) {
            throw CliException.usage("--keys is about a data directory: expected --data-dir DIR with it");
        }
    }

    /** Opens a directory that exists. */
    final Tidal openExisting() {
        Path chosen = chosen();
        if (!Files.isDirectory(chosen)) {
            throw CliException.failed("data directory " + chosen
                    + " does not exist; commands that write create it, for example tidal tenant create");
        }
        return withDefaults(builder()).open();
    }

    final PluginOptions plugins() {
        return plugins;
    }

    /** Starts to configure an instance on the directory, whether it exists or not. */
    final TidalBuilder builder() {
        TidalBuilder builder = plugins.applyTo(Tidal.builder().dataDir(chosen()));
        return keys == null ? builder : builder.keys(keys);
    }

    private Path chosen() {
        if (directory == null) {
            throw CliException.usage("--data-dir DIR is missing: this is not done over a server");
        }
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw CliException.usage("--data-dir " + directory + " is not a directory");
        }
        return directory;
    }

    // Declared before the logs are replayed: version 1 knew these two types, and its logs name them by index only.
    static TidalBuilder withDefaults(TidalBuilder builder) {
        return builder.defaultSignal("view", Duration.ofDays(7)).defaultSignal("like", Duration.ofDays(30));
    }
}
