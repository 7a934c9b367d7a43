package io.tidaldb.server.cli.migrate;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "Lists migrations that run, and the newest of the others.")
final class MigrateListCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Override
    public Integer call() throws IOException {
        try (Backend backend = store.open(token())) {
            output().result(backend.migrations());
            return ExitCodes.DONE;
        }
    }
}
