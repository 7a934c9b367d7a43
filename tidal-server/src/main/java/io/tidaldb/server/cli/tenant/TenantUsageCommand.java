package io.tidaldb.server.cli.tenant;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "usage", description = "Shows what a tenant uses of each quota.")
final class TenantUsageCommand extends OneTenantCommand {

    @Option(
            names = "--verify",
            description = "Count again from the log, which reads all of it; exit code 1 if the counts differ.")
    private boolean verify;

    @Override
    int run(Backend backend, TenantId tenant) {
        ObjectNode result = backend.usage(tenant, verify);
        output().result(result);
        return !verify || result.at("/from_log/matches").asBoolean() ? ExitCodes.DONE : ExitCodes.FAILED;
    }
}
