package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import picocli.CommandLine.Command;

@Command(
        name = "show",
        description = "Shows whether a tenant is encrypted, which keys it has, and whether it is suspended.")
final class TenantKeyShowCommand extends OneTenantCommand {

    @Override
    int run(Backend backend, TenantId tenant) {
        output().result(backend.keys(tenant));
        return ExitCodes.DONE;
    }
}
