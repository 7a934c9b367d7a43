package io.tidaldb.server.cli.tenant;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import picocli.CommandLine.Command;

@Command(
        name = "erasures",
        description = "Shows of deleted tenants which nodes have nothing of them in any file any more.")
final class TenantErasuresCommand extends StoreCommand {

    @Override
    protected int run(Backend backend) {
        output().result(backend.erasures());
        return ExitCodes.DONE;
    }
}
