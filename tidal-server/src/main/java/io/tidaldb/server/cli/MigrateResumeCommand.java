package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "resume", description = "Lets migrations go on that were stopped.")
final class MigrateResumeCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Parameters(arity = "0..1", paramLabel = "ID", description = "The migration's number; all of them without it.")
    @Nullable
    private Long id;

    @Override
    public Integer call() throws IOException {
        try (Backend backend = store.open(token())) {
            if (id != null) {
                output().result(backend.migration(id, "resume"));
                return ExitCodes.DONE;
            }
            for (JsonNode each : backend.migrations().path("migrations")) {
                if (!isOver(each.path("state").asText())) {
                    backend.migration(each.path("id").asLong(), "resume");
                }
            }
            ObjectNode all = backend.migrations();
            output().result(all);
            return ExitCodes.DONE;
        }
    }

    private static boolean isOver(String state) {
        return state.equals("COMPLETE") || state.equals("ABORTED");
    }
}
