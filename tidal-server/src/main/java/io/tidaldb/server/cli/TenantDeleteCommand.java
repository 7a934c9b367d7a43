package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.Tidal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "delete", description = "Erases a tenant and its data for good.")
final class TenantDeleteCommand extends OneTenantCommand {

    @Option(names = "--yes", description = "Yes, erase it.")
    private boolean yes;

    @Override
    int run(Tidal tidal, Tenant tenant) {
        if (!yes) {
            throw CliException.refused("deleting tenant " + tenant.id() + " ("
                    + tenant.config().label() + ") erases its data for good: repeat with --yes");
        }
        ObjectNode result = TenantText.identity(tenant);
        TenantUsage usage = tenant.usage();
        tidal.deleteTenant(tenant.id());
        output().result(result.put("erased", true)
                .put("signals", usage.accepted())
                .put("entities", usage.entities())
                .put("storage_bytes", usage.storageBytes()));
        return ExitCodes.DONE;
    }
}
