package io.tidaldb.server.cli.backend;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** The options that say what a command works on: a data directory that exists, or a server. */
public final class StoreOptions {

    @Mixin
    private final DataDirectory directory = new DataDirectory();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    /** Opens what was chosen, which is the caller's to close. */
    public Backend open(@Nullable String token) throws IOException {
        return server.isChosenOver(directory)
                ? new ServerBackend(server.connect(token))
                : new EmbeddedBackend(directory.openExisting());
    }
}
