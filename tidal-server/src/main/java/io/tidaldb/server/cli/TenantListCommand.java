package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.TenantView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "Lists all tenants.")
final class TenantListCommand extends CliCommand {

    @Mixin
    private final DataDirectory store = new DataDirectory();

    @Override
    public Integer call() {
        try (Tidal tidal = store.openExisting()) {
            ObjectNode result = Json.object();
            ArrayNode tenants = result.putArray("tenants");
            tidal.tenants().forEach(tenant -> tenants.add(TenantView.describe(tenant)));
            output().result(result);
            return ExitCodes.DONE;
        }
    }
}
