package io.tidaldb.server.cli;

import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "create", description = "Creates a tenant.")
final class TenantCreateCommand extends CliCommand {

    @Mixin
    private final NewStoreOptions store = new NewStoreOptions();

    @Mixin
    private final NewTenantOptions wanted = new NewTenantOptions();

    @Override
    public Integer call() throws IOException {
        try (Backend backend = store.openOrCreate(token())) {
            output().result(backend.createTenant(wanted));
            return ExitCodes.DONE;
        }
    }
}
