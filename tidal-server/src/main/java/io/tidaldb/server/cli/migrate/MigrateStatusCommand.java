package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "status",
        description = "Shows how far a migration is, or all of them.",
        footer = {"", "With --watch, a result follows the other every second until what is shown is over."})
final class MigrateStatusCommand extends CliCommand {

    private static final long WATCH_MILLIS = 1_000;

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Parameters(arity = "0..1", paramLabel = "ID", description = "The migration's number.")
    @Nullable
    private Long id;

    @Option(names = "--watch", description = "Show it again every second.")
    private boolean watch;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Backend backend = store.open(token())) {
            ObjectNode status = look(backend);
            while (watch && !isOver(status)) {
                output().result(status);
                TimeUnit.MILLISECONDS.sleep(WATCH_MILLIS);
                status = look(backend);
            }
            output().result(status);
            return ExitCodes.DONE;
        }
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
