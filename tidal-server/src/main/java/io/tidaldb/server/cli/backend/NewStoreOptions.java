package io.tidaldb.server.cli.backend;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** The options that say what a command works on: a data directory, which is made if it is missing, or a server. */
public final class NewStoreOptions {

    @Mixin
    private final NewDataDirectory directory = new NewDataDirectory();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    /** Opens what was chosen, which is the caller's to close. */
    public Backend openOrCreate(@Nullable String token) throws IOException {
        return isServer() ? new ServerBackend(server.connect(token)) : new EmbeddedBackend(directory.openOrCreate());
    }

    /** As {@link #openOrCreate}, but declares nothing in a directory. */
    public Backend openUndeclared(@Nullable String token) throws IOException {
        return isServer() ? new ServerBackend(server.connect(token)) : new EmbeddedBackend(directory.openUndeclared());
    }

    /** Returns whether it is a server. */
    public boolean isServer() {
        return server.isChosenOver(directory);
    }

    /** Returns which server. */
    public ServerOptions server() {
        return server;
    }

    /** Returns which directory. */
    public NewDataDirectory directory() {
        return directory;
    }
}
