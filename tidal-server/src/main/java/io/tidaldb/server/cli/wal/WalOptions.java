package io.tidaldb.server.cli.wal;

import io.tidaldb.server.cli.option.PluginOptions;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Whose logs, and what reads them. */
@SuppressWarnings("NullAway.Init")
final class WalOptions {

    @Parameters(paramLabel = "DIR", description = "A node's directory, or one that holds several.")
    private Path directory;

    @Mixin
    private final PluginOptions plugins = new PluginOptions();

    WalDirectories directories() throws IOException {
        return WalDirectories.under(directory, plugins);
    }
}
