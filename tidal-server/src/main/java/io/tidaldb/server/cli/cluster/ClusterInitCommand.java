package io.tidaldb.server.cli.cluster;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.importing.Json;
import picocli.CommandLine.Command;

@Command(
        name = "init",
        description = "Makes a new cluster of nodes that run and wait for it, once.",
        footer = {
            "",
            "They have \"wait_for_init: true\" in their configurations. One of them is told, when all of them run. A cluster",
            "that is made already is left as it is, and the exit code is 3."
        })
final class ClusterInitCommand extends ServerCommand {

    @Override
    protected int run(ServerClient client) {
        try {
            output().result(client.call(Request.change("POST", "/v1/cluster/init", Json.object())));
            return ExitCodes.DONE;
        } catch (TidalException e) {
            if (e.code() == ErrorCode.NOT_CAUGHT_UP) {
                throw CliException.refused(String.valueOf(e.getMessage()));
            }
            throw e;
        }
    }
}
