package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "reverse",
        description = "Moves a slot back to its former shard while that is held.",
        footer = {"", "The same again, the other way round; it can be aborted, and reversed again."})
@SuppressWarnings("NullAway.Init")
final class MigrateReverseCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Parameters(paramLabel = "ID", description = "The migration's number.")
    private Long id;

    @Option(names = "--wait", description = "Return when it is done.")
    private boolean wait;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Backend backend = store.open(token())) {
            ObjectNode status = backend.migration(id, "reverse");
            if (wait) {
                status = MigrationWait.until(
                        backend, id, each -> output().note(each.path("state").asText()));
            }
            output().result(status);
            return wait ? MigrationWait.code(status, "ABORTED") : ExitCodes.DONE;
        }
    }
}
