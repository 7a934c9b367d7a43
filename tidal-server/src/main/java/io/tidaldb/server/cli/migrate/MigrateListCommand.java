package io.tidaldb.server.cli.migrate;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import picocli.CommandLine.Command;

@Command(name = "list", description = "Lists migrations that run, and the newest of the others.")
final class MigrateListCommand extends StoreCommand {

    @Override
    protected int run(Backend backend) {
        output().result(backend.migrations());
        return ExitCodes.DONE;
    }
}
