package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "status",
        description = "Shows how far a migration is, or all of them.",
        footer = {"", "With --watch, a result follows the other every second until what is shown is over."})
final class MigrateStatusCommand extends StoreCommand {

    private static final long WATCH_MILLIS = 1_000;

    @Parameters(arity = "0..1", paramLabel = "ID", description = "The migration's number.")
    @Nullable
    private Long id;

    @Option(names = "--watch", description = "Show it again every second.")
    private boolean watch;

    @Override
    protected int run(Backend backend) throws InterruptedException {
        ObjectNode status = look(backend);
        while (watch && !isOver(status)) {
            output().result(status);
            TimeUnit.MILLISECONDS.sleep(WATCH_MILLIS);
            status = look(backend);
        }
        output().result(status);
        return ExitCodes.DONE;
    }

    private ObjectNode look(Backend backend) {
        return id == null ? backend.migrations() : backend.migration(id, null);
    }

    private static boolean isOver(ObjectNode status) {
        if (status.has("state")) {
            return MigrationWait.isOver(status);
        }
        for (JsonNode each : status.path("migrations")) {
            if (!MigrationWait.isOver(each)) {
                return false;
            }
        }
        return true;
    }
}
