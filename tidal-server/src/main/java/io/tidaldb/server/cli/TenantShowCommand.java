package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.view.TenantView;
import picocli.CommandLine.Command;

@Command(name = "show", description = "Shows a tenant: configuration, placement, usage.")
final class TenantShowCommand extends OneTenantCommand {

    @Override
    int run(Tidal tidal, Tenant tenant) {
        ObjectNode result = TenantView.describe(tenant);
        result.set("usage", TenantView.usage(tenant.usage()));
        output().result(result);
        return ExitCodes.DONE;
    }
}
