package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.view.TenantView;
import java.util.Optional;
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
        ObjectNode result = TenantView.identity(tenant);
        Optional<TenantUsage> usage = usage(tenant);
        tidal.deleteTenant(tenant.id());
        output().result(result.put("erased", true)
                .put("signals", usage.map(TenantUsage::accepted).orElse(null))
                .put("entities", usage.map(TenantUsage::entities).orElse(null))
                .put("storage_bytes", usage.map(TenantUsage::storageBytes).orElse(null)));
        return ExitCodes.DONE;
    }

    // What a quarantined tenant held can't be told, and to delete it is one of the two ways out.
    private static Optional<TenantUsage> usage(Tenant tenant) {
        try {
            return Optional.of(tenant.usage());
        } catch (TidalException e) {
            if (e.code() == ErrorCode.CORRUPT_LOG || e.code() == ErrorCode.CORRUPT_DATA) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
