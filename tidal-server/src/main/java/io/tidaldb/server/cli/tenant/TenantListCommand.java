package io.tidaldb.server.cli.tenant;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import picocli.CommandLine.Command;

@Command(name = "list", description = "Lists all tenants.")
final class TenantListCommand extends StoreCommand {

    @Override
    protected int run(Backend backend) {
        output().result(backend.tenants());
        return ExitCodes.DONE;
    }
}
