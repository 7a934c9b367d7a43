package io.tidaldb.server.cli.query;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Window;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "count", description = "The number of events of an entity, in a window or ever.")
final class QueryCountCommand extends QueryEntityCommand {

    @Option(
            names = "--window",
            converter = WindowText.class,
            paramLabel = "1h|24h|7d",
            description = "Count events in this window (default: all ever).")
    @Nullable
    private Window window;

    @Override
    void describe(ObjectNode reading, ObjectNode result) {
        result.put("window", window == null ? "all" : window.toString());
        result.set(
                "count",
                window == null ? reading.path("count") : reading.path("windows").path(window.toString()));
    }
}
