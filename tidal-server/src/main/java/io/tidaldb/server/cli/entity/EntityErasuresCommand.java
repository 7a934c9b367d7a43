package io.tidaldb.server.cli.entity;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "erasures",
        description = "Shows of erased entities which nodes have nothing of them in any file any more.")
final class EntityErasuresCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Override
    public Integer call() throws IOException {
        try (Backend backend = store.open(token())) {
            output().result(backend.entityErasures());
            return ExitCodes.DONE;
        }
    }
}
