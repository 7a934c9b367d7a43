package io.tidaldb.server.cli.backend;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.client.ServerClient;
import java.io.IOException;
import picocli.CommandLine.Mixin;

/** A command that asks a server. */
public abstract class ServerCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    /** Does it, and returns the exit code; the client is closed afterwards. */
    protected abstract int run(ServerClient client) throws IOException, InterruptedException;

    @Override
    public final Integer call() throws IOException, InterruptedException {
        try (ServerClient client = server.connect(token())) {
            return run(client);
        }
    }
}
