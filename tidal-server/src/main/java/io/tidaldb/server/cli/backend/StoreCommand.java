package io.tidaldb.server.cli.backend;

import io.tidaldb.server.cli.CliCommand;
import java.io.IOException;
import picocli.CommandLine.Mixin;

/** A command that works on a data directory that exists, or on a server. */
public abstract class StoreCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    /** Does it, and returns the exit code; the backend is closed afterwards. */
    protected abstract int run(Backend backend) throws IOException, InterruptedException;

    @Override
    public final Integer call() throws IOException, InterruptedException {
        try (Backend backend = store.open(token())) {
            return run(backend);
        }
    }
}
