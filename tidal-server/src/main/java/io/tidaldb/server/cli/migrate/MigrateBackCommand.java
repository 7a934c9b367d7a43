package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sends a migration back where it came from. */
@SuppressWarnings("NullAway.Init")
abstract class MigrateBackCommand extends StoreCommand {

    private final String action;
    private final String unwanted;

    @Parameters(paramLabel = "ID", description = "The migration's number.")
    private Long id;

    @Option(names = "--wait", description = "Return when it is done.")
    private boolean wait;

    /** @param unwanted the state in which it has not done what was asked for */
    MigrateBackCommand(String action, String unwanted) {
        this.action = action;
        this.unwanted = unwanted;
    }

    @Override
    protected int run(Backend backend) throws InterruptedException {
        ObjectNode status = backend.migration(id, action);
        if (wait) {
            status = MigrationWait.until(backend, id, output()::note);
        }
        output().result(status);
        return wait ? MigrationWait.code(status, unwanted) : ExitCodes.DONE;
    }
}
