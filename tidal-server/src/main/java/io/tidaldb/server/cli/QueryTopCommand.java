package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
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
    public Integer call() throws IOException {
        ObjectNode result = query.describe();
        result.set(
                "entities",
                query.ask(token(), (backend, tenant) -> backend.top(tenant, query.signal(), k, query.reading())));
        output().result(result);
        return ExitCodes.DONE;
    }
}
