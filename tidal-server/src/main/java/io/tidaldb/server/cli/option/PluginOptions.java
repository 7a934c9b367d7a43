package io.tidaldb.server.cli.option;

import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.server.cli.CliException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that says where plugins are, and what is asked of those that other options name. */
public final class PluginOptions {

    @Option(
            names = {"--plugins", "--plugins-dir"},
            paramLabel = "DIR",
            description = "Directory with further plugins: NAME/*.jar or X.jar.")
    @Nullable
    private Path directory;

    /** Creates the options. */
    public PluginOptions() {}

    /** Refuses the option where a server has its own plugins. */
    public void checkNotGiven() {
        if (directory != null) {
            throw CliException.usage("--plugins is about a data directory: expected --data-dir DIR with it");
        }
    }

    /** Looks for plugins. The catalog is the caller's to close. */
    public PluginCatalog discover() {
        return PluginCatalog.discover(directory);
    }

    /** Makes an instance find the same plugins. */
    public TidalBuilder applyTo(TidalBuilder builder) {
        return directory == null ? builder : builder.pluginsDir(directory);
    }

    /**
     * Checks that {@code --wal NAME} can hold a data directory, before one is made.
     *
     * @throws CliException wrong usage, with what was found and where
     */
    public void checkWal(String name) {
        if (!choose("--wal", WalStoreFactory.class, name).durable()) {
            throw CliException.usage("--wal " + name + " keeps nothing: expected a durable log store");
        }
    }

    /**
     * Checks that {@code --transport NAME} can be used.
     *
     * @throws CliException wrong usage, with what was found and where
     */
    public void checkTransport(String name) {
        choose("--transport", TransportFactory.class, name);
    }

    private <T extends PluginFactory> T choose(String option, Class<T> kind, String name) {
        try (PluginCatalog catalog = discover()) {
            return catalog.choose(kind, name);
        } catch (TidalException e) {
            throw CliException.usage(option + " " + name + ": " + e.getMessage());
        }
    }
}
