package io.tidaldb.server.cli.query;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Command;

@Command(name = "score", description = "The decayed score of an entity, and everything else that is known about it.")
final class QueryScoreCommand extends QueryEntityCommand {

    @Override
    void describe(ObjectNode reading, ObjectNode result) {
        List.of("score", "count", "windows", "velocity").forEach(field -> result.set(field, reading.path(field)));
    }
}
