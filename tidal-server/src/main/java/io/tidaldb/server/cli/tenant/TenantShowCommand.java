package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import picocli.CommandLine.Command;

@Command(name = "show", description = "Shows a tenant: configuration, placement, usage.")
final class TenantShowCommand extends OneTenantCommand {

    @Override
    int run(Backend backend, TenantId tenant) {
        output().result(backend.tenant(tenant));
        return ExitCodes.DONE;
    }
}
