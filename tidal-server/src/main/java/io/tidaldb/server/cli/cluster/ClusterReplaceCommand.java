package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "replace",
        description = "Gives the replicas of a node that is lost for good to a new one, in the same region.",
        footer = {
            "",
            "The new node has \"join\" in its configuration and an empty directory; it is started before or after this. It",
            "fetches what it is to have from the others: \"cluster nodes\" shows what it still fills. The lost node is never let",
            "in again. Refused while it leads anything: some seconds after it was lost, others have taken over."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterReplaceCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Parameters(paramLabel = "NODE", description = "The node that is lost.")
    private String node;

    @Option(
            names = "--with",
            required = true,
            paramLabel = "NODE",
            description = "The new node's name, never used before.")
    private String with;

    @Option(
            names = "--address",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Where the others reach the new node: what it listens on, or advertises.")
    private String address;

    @Option(names = "--dry-run", description = "Only tell whether it would be refused, and why.")
    private boolean dryRun;

    @Override
    public Integer call() throws IOException {
        try (ServerClient client = server.connect(token())) {
            output().result(client.call(Request.change(
                    "POST",
                    "/v1/cluster/nodes?dry_run=" + dryRun,
                    Json.object().put("node", with).put("replaces", node).put("address", address))));
            return ExitCodes.DONE;
        }
    }
}
