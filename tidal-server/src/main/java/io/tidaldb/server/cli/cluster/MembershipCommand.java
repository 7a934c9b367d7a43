package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import picocli.CommandLine.Option;

/** A command that changes which nodes a cluster has. */
abstract class MembershipCommand extends ServerCommand {

    @Option(names = "--dry-run", description = "Only tell whether it would be refused, and why.")
    private boolean dryRun;

    /**
     * Returns what a server is asked for.
     *
     * @param query the end of its path
     */
    abstract Request change(String query);

    @Override
    protected final int run(ServerClient client) {
        output().result(client.call(change("?dry_run=" + dryRun)));
        return ExitCodes.DONE;
    }
}
