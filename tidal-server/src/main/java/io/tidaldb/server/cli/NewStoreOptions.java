package io.tidaldb.server.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** The options that say what a command works on: a data directory, which is made if it is missing, or a server. */
final class NewStoreOptions {

    @Mixin
    private final NewDataDirectory directory = new NewDataDirectory();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    Backend openOrCreate(@Nullable String token) throws IOException {
        return isServer() ? new ServerBackend(server.connect(token)) : new EmbeddedBackend(directory.openOrCreate());
    }

    /** As {@link #openOrCreate}, but declares nothing in a directory. */
    Backend openUndeclared(@Nullable String token) throws IOException {
        return isServer() ? new ServerBackend(server.connect(token)) : new EmbeddedBackend(directory.openUndeclared());
    }

    /** Returns whether it is a server. */
    boolean isServer() {
        return server.isChosenOver(directory);
    }

    ServerOptions server() {
        return server;
    }

    NewDataDirectory directory() {
        return directory;
    }
}
