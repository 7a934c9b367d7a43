package io.tidaldb.server.cli.negative;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.EntityOptions;
import io.tidaldb.server.cli.option.WriteChoice;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says that a user does not want to see an entity. */
@SuppressWarnings("NullAway.Init")
abstract class NegativeAddCommand extends CliCommand {

    private final NegativeKind kind;

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Option(names = "--user", required = true, paramLabel = "ID", description = "The user, by number.")
    private String user;

    @Mixin
    private final EntityOptions entity = new EntityOptions();

    @Mixin
    private final WriteChoice write = new WriteChoice();

    NegativeAddCommand(NegativeKind kind) {
        this.kind = kind;
    }

    @Override
    public final Integer call() throws IOException {
        EntityId who = EntityId.parse(user);
        EntityId what = entity.id();
        Position position =
                tenant.ask(token(), (backend, id) -> backend.negatives(id).add(kind, who, what, write.options()));
        ObjectNode result =
                Json.object().put("kind", kind.name().toLowerCase(Locale.ROOT)).put("user", who.toString());
        entity.describe(result);
        output().result(result.put("position", position.toString()));
        return ExitCodes.DONE;
    }

    @Command(name = "hide", description = "A user does not want to see an item: rankings for the user leave it out.")
    static final class Hide extends NegativeAddCommand {
        Hide() {
            super(NegativeKind.HIDE);
        }
    }

    @Command(name = "mute", description = "A user does not want to see what an entity is the source of.")
    static final class Mute extends NegativeAddCommand {
        Mute() {
            super(NegativeKind.MUTE);
        }
    }

    @Command(name = "block", description = "A user blocks an entity.")
    static final class Block extends NegativeAddCommand {
        Block() {
            super(NegativeKind.BLOCK);
        }
    }
}
