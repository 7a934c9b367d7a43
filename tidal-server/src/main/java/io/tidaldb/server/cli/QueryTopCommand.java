package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.server.importing.Json;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "top", description = "The entities with the highest scores.")
final class QueryTopCommand extends CliCommand {

    @Mixin
    private final QueryOptions query = new QueryOptions();

    @Option(
            names = {"-k", "--k"},
            defaultValue = "10",
            paramLabel = "K",
            description = "How many, 1 to 10,000 (default: ${DEFAULT-VALUE}).")
    private int k;

    @Override
    public Integer call() {
        List<ScoredEntity> ranked = query.ask(tenant -> tenant.top(query.signal(), k, query.reading()));
        ObjectNode result = query.describe();
        ArrayNode entities = result.putArray("entities");
        ranked.forEach(entity -> entities.add(Json.object()
                .put("entity", entity.entity().toString())
                .put("name", entity.name())
                .put("score", entity.score())));
        output().result(result);
        return ExitCodes.DONE;
    }
}
