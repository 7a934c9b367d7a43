package io.tidaldb.server.cli.debug;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.RegionId;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "partition",
        description = "Cuts the links between regions for a while, and returns at once.",
        footer = {
            "",
            "Only between nodes whose configuration says debug: true and that listen on loopback addresses. Each node of",
            "--server is asked; a link is cut if either of its ends is among them. Clients are not cut off."
        })
@SuppressWarnings("NullAway.Init")
final class DebugPartitionCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Option(
            names = "--from",
            required = true,
            split = ",",
            paramLabel = "r0",
            description = "The regions on one side, separated by commas.")
    private List<String> from;

    @Option(names = "--to", required = true, split = ",", paramLabel = "r1", description = "Those on the other side.")
    private List<String> to;

    @Option(
            names = "--for",
            defaultValue = "30s",
            converter = DurationText.class,
            paramLabel = "30s",
            description = "Up to 10 minutes (default: ${DEFAULT-VALUE}); 0s ends one that is there.")
    private Duration span;

    @Override
    public Integer call() throws IOException {
        ObjectNode body = Json.object();
        regions(body.putArray("from"), from);
        regions(body.putArray("to"), to);
        body.put("for", span.toMillis() + "ms");
        ObjectNode result = Json.object();
        ArrayNode nodes = result.putArray("nodes");
        boolean cut = false;
        for (String url : server.each()) {
            try (ServerClient client = server.connectToOne(url, token())) {
                ObjectNode answer = client.call(Request.change("POST", "/v1/debug/partition", body));
                cut |= !answer.path("cut").isEmpty();
                nodes.add(answer);
            }
        }
        output().result(result);
        if (!cut) {
            output().note("no link was cut: none of these nodes is in a region of either side");
        }
        return cut ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    private static void regions(ArrayNode names, List<String> texts) {
        texts.forEach(text -> names.add(RegionId.parse(text.strip()).toString()));
    }
}
