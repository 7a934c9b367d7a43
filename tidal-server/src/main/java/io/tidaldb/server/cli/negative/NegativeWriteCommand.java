package io.tidaldb.server.cli.negative;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.EntityOptions;
import io.tidaldb.server.cli.option.WriteChoice;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Changes what a user does not want to see. */
@SuppressWarnings("NullAway.Init")
abstract class NegativeWriteCommand extends CliCommand {

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Option(names = "--user", required = true, paramLabel = "ID", description = "The user, by number.")
    private String user;

    @Mixin
    private final EntityOptions entity = new EntityOptions();

    @Mixin
    private final WriteChoice write = new WriteChoice();

    abstract NegativeKind kind();

    abstract Position write(HardNegatives negatives, EntityId who, EntityId what, WriteOptions options);

    @Override
    public final Integer call() throws IOException {
        EntityId who = EntityId.parse(user);
        EntityId what = entity.id();
        Position position =
                tenant.ask(token(), (backend, id) -> write(backend.negatives(id), who, what, write.options()));
        ObjectNode result = Json.object()
                .put("kind", kind().name().toLowerCase(Locale.ROOT))
                .put("user", who.toString());
        entity.describe(result);
        output().result(result.put("position", position.toString()));
        return ExitCodes.DONE;
    }
}
