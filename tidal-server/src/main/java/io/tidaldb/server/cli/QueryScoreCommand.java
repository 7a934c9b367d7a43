package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Reading;
import io.tidaldb.server.view.ReadingView;
import picocli.CommandLine.Command;

@Command(name = "score", description = "The decayed score of an entity, and everything else that is known about it.")
final class QueryScoreCommand extends QueryEntityCommand {

    @Override
    void describe(Reading reading, ObjectNode result) {
        ReadingView.describe(reading, result);
    }
}
