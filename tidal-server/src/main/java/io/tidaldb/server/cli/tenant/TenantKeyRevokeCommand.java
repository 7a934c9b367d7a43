package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import picocli.CommandLine.Command;

@Command(
        name = "revoke",
        description =
                "Forbids the use of an encrypted tenant's keys: nothing of it is read or written until they are restored.")
final class TenantKeyRevokeCommand extends OneTenantCommand {

    @Override
    int run(Backend backend, TenantId tenant) {
        output().result(backend.suspendKeys(tenant, true));
        return ExitCodes.DONE;
    }
}
