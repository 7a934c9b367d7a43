package io.tidaldb.server.cli.query;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
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

    @Option(
            names = "--user",
            paramLabel = "ID",
            description = "The user who asks: what that user has hidden, muted or blocked is left out.")
    @Nullable
    private String user;

    @Override
    public Integer call() throws IOException {
        ReadOptions reading = user == null ? query.reading() : query.reading().forUser(EntityId.parse(user));
        ObjectNode result = query.describe();
        result.set(
                "entities", query.ask(token(), (backend, tenant) -> backend.top(tenant, query.signal(), k, reading)));
        output().result(result);
        return ExitCodes.DONE;
    }
}
