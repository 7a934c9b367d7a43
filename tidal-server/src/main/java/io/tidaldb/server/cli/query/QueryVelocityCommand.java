package io.tidaldb.server.cli.query;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Window;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "velocity", description = "Events a second of an entity over a window.")
@SuppressWarnings("NullAway.Init")
final class QueryVelocityCommand extends QueryEntityCommand {

    @Option(
            names = "--window",
            defaultValue = "1h",
            converter = WindowText.class,
            paramLabel = "1h|24h|7d",
            description = "Default: ${DEFAULT-VALUE}.")
    private Window window;

    @Override
    void describe(ObjectNode reading, ObjectNode result) {
        double events = reading.path("windows").path(window.toString()).asDouble();
        result.put("window", window.toString())
                .put("velocity", events / window.length().toSeconds());
    }
}
