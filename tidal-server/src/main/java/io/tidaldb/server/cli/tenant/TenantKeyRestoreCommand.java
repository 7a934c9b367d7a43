package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import picocli.CommandLine.Command;

@Command(name = "restore", description = "Allows the use of an encrypted tenant's keys again.")
final class TenantKeyRestoreCommand extends OneTenantCommand {

    @Override
    int run(Backend backend, TenantId tenant) {
        output().result(backend.suspendKeys(tenant, false));
        return ExitCodes.DONE;
    }
}
