package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.Reading;
import java.util.List;
import picocli.CommandLine.Mixin;

/** Reads what is known about one entity. */
abstract class QueryEntityCommand extends CliCommand {

    @Mixin
    private final QueryOptions query = new QueryOptions();

    @Mixin
    private final EntityOptions entity = new EntityOptions();

    /** Adds the answer to the result. */
    abstract void describe(Reading reading, ObjectNode result);

    @Override
    public Integer call() {
        EntityId id = entity.id();
        Reading reading = query.ask(tenant -> tenant.readAll(query.signal(), List.of(id), query.reading()))
                .get(0);
        ObjectNode result = query.describe();
        entity.describe(result);
        describe(reading, result);
        output().result(result.put("as_of", reading.asOf().toString())
                .put("replica", reading.replica().toString()));
        return ExitCodes.DONE;
    }
}
