package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "abort",
        description = "Gives a migration up before the slot has changed hands.",
        footer = {"", "The source goes on as before, and what the target has is erased."})
@SuppressWarnings("NullAway.Init")
final class MigrateAbortCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Parameters(paramLabel = "ID", description = "The migration's number.")
    private Long id;

    @Option(names = "--wait", description = "Return when it is done.")
    private boolean wait;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Backend backend = store.open(token())) {
            ObjectNode status = backend.migration(id, "abort");
            if (wait) {
                status = MigrationWait.until(
                        backend, id, each -> output().note(each.path("state").asText()));
            }
            output().result(status);
            return wait ? MigrationWait.code(status, "COMPLETE") : ExitCodes.DONE;
        }
    }
}
