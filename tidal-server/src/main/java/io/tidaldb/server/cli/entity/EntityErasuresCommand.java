package io.tidaldb.server.cli.entity;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import picocli.CommandLine.Command;

@Command(
        name = "erasures",
        description = "Shows of erased entities which nodes have nothing of them in any file any more.")
final class EntityErasuresCommand extends StoreCommand {

    @Override
    protected int run(Backend backend) {
        output().result(backend.entityErasures());
        return ExitCodes.DONE;
    }
}
