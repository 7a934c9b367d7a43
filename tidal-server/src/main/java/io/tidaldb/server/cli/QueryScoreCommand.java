package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Window;
import picocli.CommandLine.Command;

@Command(name = "score", description = "The decayed score of an entity, and everything else that is known about it.")
final class QueryScoreCommand extends QueryEntityCommand {

    @Override
    void describe(Reading reading, ObjectNode result) {
        result.put("score", reading.score()).put("count", reading.count());
        ObjectNode windows = result.putObject("windows");
        for (Window window : Window.values()) {
            windows.put(window.toString(), reading.count(window));
        }
        result.put("velocity", reading.velocity(Window.ONE_HOUR));
    }
}
