package io.tidaldb.server.cli;

import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.view.TenantView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "set", description = "Changes a tenant's label, limits and durability.")
final class TenantSetCommand extends OneTenantCommand {

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    @Override
    int run(Tidal tidal, Tenant tenant) {
        output().result(TenantView.describe(tidal.updateTenant(limits.applyTo(tenant.config()))));
        return ExitCodes.DONE;
    }
}
