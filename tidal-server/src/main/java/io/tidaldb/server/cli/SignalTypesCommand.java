package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "types", description = "Lists the declared types of signal.")
final class SignalTypesCommand extends CliCommand {

    @Mixin
    private final DataDirectory store = new DataDirectory();

    @Override
    public Integer call() {
        try (Tidal tidal = store.openExisting()) {
            ObjectNode result = Json.object();
            ArrayNode types = result.putArray("signals");
            tidal.signals().forEach(type -> types.add(toJson(type)));
            output().result(result);
            return ExitCodes.DONE;
        }
    }

    static ObjectNode toJson(SignalType type) {
        return Json.object()
                .put("index", type.index())
                .put("name", type.name())
                .put("half_life", DurationText.print(type.halfLife()));
    }
}
