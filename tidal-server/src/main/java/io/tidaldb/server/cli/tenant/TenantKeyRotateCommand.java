package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import picocli.CommandLine.Command;

@Command(
        name = "rotate",
        description = "Gives an encrypted tenant another key, with which everything is sealed from now on.",
        footer = {
            "",
            "What is stored is not written again: its key stays, and is wrapped anew, with the newest master key."
        })
final class TenantKeyRotateCommand extends OneTenantCommand {

    @Override
    int run(Backend backend, TenantId tenant) {
        output().result(backend.rotateKeys(tenant));
        return ExitCodes.DONE;
    }
}
