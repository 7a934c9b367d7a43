package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.ChangeOptions;
import io.tidaldb.server.cli.option.DryRunOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "set", description = "Changes a tenant's label, limits, durability, regions and replicas.")
final class TenantSetCommand extends OneTenantCommand {

    @Mixin
    private final ChangeOptions change = new ChangeOptions();

    @Mixin
    private final DryRunOption dryRun = new DryRunOption();

    @Override
    int run(Backend backend, TenantId tenant) {
        if (change.isEmpty()) {
            throw CliException.usage(
                    "what is to be changed? Expected --label, a limit, --durability, --regions or --without");
        }
        if (dryRun.isGiven()) {
            return DryRunOption.show(output(), backend.planChange(tenant, change));
        }
        output().result(backend.changeTenant(tenant, change));
        return ExitCodes.DONE;
    }
}
