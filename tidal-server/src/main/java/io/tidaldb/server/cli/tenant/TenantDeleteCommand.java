package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.option.DryRunOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "delete", description = "Erases a tenant and its data for good.")
final class TenantDeleteCommand extends OneTenantCommand {

    @Option(names = "--yes", description = "Yes, erase it.")
    private boolean yes;

    @Mixin
    private final DryRunOption dryRun = new DryRunOption();

    @Override
    int run(Backend backend, TenantId tenant) {
        if (dryRun.isGiven()) {
            return DryRunOption.show(output(), backend.planDeletion(tenant));
        }
        if (!yes) {
            throw CliException.refused("deleting tenant " + tenant + " (" + backend.label(tenant)
                    + ") erases its data for good: repeat with --yes");
        }
        output().result(backend.deleteTenant(tenant));
        return ExitCodes.DONE;
    }
}
