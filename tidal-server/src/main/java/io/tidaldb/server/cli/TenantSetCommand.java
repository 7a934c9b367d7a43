package io.tidaldb.server.cli;

import io.tidaldb.api.TenantId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "set", description = "Changes a tenant's label, limits and durability.")
final class TenantSetCommand extends OneTenantCommand {

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    @Mixin
    private final DryRunOption dryRun = new DryRunOption();

    @Override
    int run(Backend backend, TenantId tenant) {
        if (dryRun.isGiven()) {
            return DryRunOption.show(output(), backend.planChange(tenant, limits));
        }
        output().result(backend.changeTenant(tenant, limits));
        return ExitCodes.DONE;
    }
}
