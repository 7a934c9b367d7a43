package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import picocli.CommandLine.Command;

@Command(name = "show", description = "Shows a tenant: configuration, placement, usage.")
final class TenantShowCommand extends OneTenantCommand {

    @Override
    int run(Tidal tidal, Tenant tenant) {
        ObjectNode result = TenantText.describe(tenant);
        result.set("usage", TenantText.usage(tenant.usage()));
        output().result(result);
        return ExitCodes.DONE;
    }
}
