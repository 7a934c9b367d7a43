package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Does something to one migration, or to all that are not over. */
abstract class MigrateSwitchCommand extends CliCommand {

    private final String action;

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Parameters(arity = "0..1", paramLabel = "ID", description = "The migration's number; all of them without it.")
    @Nullable
    private Long id;

    MigrateSwitchCommand(String action) {
        this.action = action;
    }

    @Override
    public Integer call() throws IOException {
        try (Backend backend = store.open(token())) {
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
}
