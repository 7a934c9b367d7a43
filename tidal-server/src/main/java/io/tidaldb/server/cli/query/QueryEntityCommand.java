package io.tidaldb.server.cli.query;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.option.EntityOptions;
import java.io.IOException;
import picocli.CommandLine.Mixin;

/** Reads what is known about one entity. */
abstract class QueryEntityCommand extends CliCommand {

    @Mixin
    private final QueryOptions query = new QueryOptions();

    @Mixin
    private final EntityOptions entity = new EntityOptions();

    /** Adds the answer to the result; the reading is that of {@link io.tidaldb.server.view.ReadingView}. */
    abstract void describe(ObjectNode reading, ObjectNode result);

    @Override
    public Integer call() throws IOException {
        EntityId id = entity.id();
        ObjectNode reading =
                query.ask(token(), (backend, tenant) -> backend.reading(tenant, query.signal(), id, query.reading()));
        ObjectNode result = query.describe();
        entity.describe(result);
        describe(reading, result);
        result.set("as_of", reading.path("as_of"));
        result.set("replica", reading.path("replica"));
        output().result(result);
        return ExitCodes.DONE;
    }
}
