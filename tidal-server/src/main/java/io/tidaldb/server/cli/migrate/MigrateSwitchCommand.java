package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/** Does something to one migration, or to all that are not over. */
abstract class MigrateSwitchCommand extends StoreCommand {

    private final String action;

    @Parameters(arity = "0..1", paramLabel = "ID", description = "The migration's number; all of them without it.")
    @Nullable
    private Long id;

    MigrateSwitchCommand(String action) {
        this.action = action;
    }

    @Override
    protected int run(Backend backend) {
        if (id != null) {
            output().result(backend.migration(id, action));
            return ExitCodes.DONE;
        }
        for (JsonNode each : backend.migrations().path("migrations")) {
            if (!MigrationWait.isOver(each)) {
                backend.migration(each.path("id").asLong(), action);
            }
        }
        output().result(backend.migrations());
        return ExitCodes.DONE;
    }
}
