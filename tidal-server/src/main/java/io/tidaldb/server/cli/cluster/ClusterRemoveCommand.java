package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "remove",
        description = "Removes a node that has no replicas, for good: its name is never used again.",
        footer = {"", "One that has replicas is not removed, but replaced: see \"cluster replace\"."})
@SuppressWarnings("NullAway.Init")
final class ClusterRemoveCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Parameters(paramLabel = "NODE", description = "Which.")
    private String node;

    @Option(names = "--dry-run", description = "Only tell whether it would be refused, and why.")
    private boolean dryRun;

    @Override
    public Integer call() throws IOException {
        try (ServerClient client = server.connect(token())) {
            String path = "/v1/cluster/nodes/" + Request.encoded(node) + "?dry_run=" + dryRun;
            output().result(client.call(Request.change("DELETE", path, null)));
            return ExitCodes.DONE;
        }
    }
}
