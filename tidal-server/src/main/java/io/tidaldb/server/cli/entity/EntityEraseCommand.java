package io.tidaldb.server.cli.entity;

import io.tidaldb.api.EntityId;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.EntityOptions;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "erase",
        description = "Erases an entity: its signals, its name, hard negatives, and sessions in which it takes part.",
        footer = {
            "",
            "It is gone from reads at once. The tenant's logs are truncated up to there on each node, so that nothing of the",
            "entity is left in a file: 'tidal entity erasures' shows which nodes are done. Backups are not touched."
        })
final class EntityEraseCommand extends CliCommand {

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Mixin
    private final EntityOptions entity = new EntityOptions();

    @Option(names = "--yes", description = "Yes, erase it.")
    private boolean yes;

    @Override
    public Integer call() throws IOException {
        EntityId which = entity.id();
        output().result(tenant.ask(token(), (backend, id) -> {
            if (!yes) {
                throw CliException.refused("erasing entity " + which + " of tenant " + id + " (" + backend.label(id)
                        + ") erases all that is known of it for good: repeat with --yes");
            }
            return backend.eraseEntity(id, which);
        }));
        return ExitCodes.DONE;
    }
}
