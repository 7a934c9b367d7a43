package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import java.io.IOException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sends a migration back where it came from. */
@SuppressWarnings("NullAway.Init")
abstract class MigrateBackCommand extends CliCommand {

    private final String action;
    private final String unwanted;

    @Mixin
    private final StoreOptions store = new StoreOptions();

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
    public Integer call() throws IOException, InterruptedException {
        try (Backend backend = store.open(token())) {
            ObjectNode status = backend.migration(id, action);
            if (wait) {
                status = MigrationWait.until(
                        backend, id, each -> output().note(each.path("state").asText()));
            }
            output().result(status);
            return wait ? MigrationWait.code(status, unwanted) : ExitCodes.DONE;
        }
    }
}
