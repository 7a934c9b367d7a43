package io.tidaldb.server.cli.upgrade;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.cli.option.DryRunOption;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "finalize",
        description = "Finalizes the version that all nodes run. There is no way back.",
        footer = {
            "",
            "Until then every node may go back to the version before, since nothing is written that it can't read. Afterwards",
            "older nodes are refused. This never happens by itself. Refused (exit code 3) while a node runs an older version or is",
            "out of service."
        })
final class UpgradeFinalizeCommand extends ServerCommand {

    @Mixin
    private final DryRunOption dryRun = new DryRunOption();

    @Override
    protected int run(ServerClient client) {
        if (dryRun.isGiven()) {
            ObjectNode status = client.call(Request.get("/v1/upgrades"));
            ObjectNode plan = status.objectNode();
            plan.set("cluster_version", status.path("cluster_version"));
            plan.set("next_version", status.path("next_version"));
            plan.put("allowed", status.path("finalize_blocked").isNull());
            plan.set("refusal", status.path("finalize_blocked"));
            return DryRunOption.show(output(), plan);
        }
        output().result(client.call(Request.change("POST", "/v1/upgrades/finalize", null)));
        return ExitCodes.DONE;
    }
}
