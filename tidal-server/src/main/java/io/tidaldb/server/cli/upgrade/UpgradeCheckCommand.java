package io.tidaldb.server.cli.upgrade;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.Version;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.cli.option.PluginOptions;
import io.tidaldb.server.cli.wal.WalDirectories;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.formats.FormatCensus;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "check",
        description = "Looks at the format of every file, and says whether another version could open the directory.",
        footer = {
            "",
            "Exit code 3, and the first file that forbids it, if it could not. Nothing is changed or locked. Of a directory, stop the",
            "node first, so that nothing is added meanwhile. --server has each of the nodes that it names look at its own files:",
            "name all of them, for those that were not asked have proven nothing, and end it with exit code 3, too."
        })
@SuppressWarnings("NullAway.Init")
final class UpgradeCheckCommand extends CliCommand {

    @Option(
            names = "--downgrade-to",
            required = true,
            paramLabel = "V",
            description = "The version that is to open it, such as 0.1.")
    private String version;

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "A node's directory, or one that holds several; without it, nodes are asked.")
    @Nullable
    private Path directory;

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final PluginOptions plugins = new PluginOptions();

    @Override
    public Integer call() throws IOException {
        Version wanted = Version.parse(version);
        return directory == null ? nodes(wanted) : directory(directory, wanted);
    }

    private int directory(Path root, Version wanted) throws IOException {
        server.checkNotGiven("--data-dir");
        Release release = Release.current();
        release.checkOlder(wanted);
        FormatCensus census = new FormatCensus(release, wanted);
        WalDirectories.under(root, plugins).inspect(census);
        census.others(root);
        output().result(census.toJson());
        return census.possible() ? ExitCodes.DONE : ExitCodes.REFUSED;
    }

    /** Asks each server by itself, and which nodes there are. */
    private int nodes(Version wanted) throws IOException {
        TreeSet<String> unasked = new TreeSet<>();
        JsonNode forbidden = null;
        ArrayNode nodes = Json.object().putArray("nodes");
        for (String url : server.each()) {
            try (ServerClient client = server.connectToOne(url, token())) {
                ObjectNode census = client.call(Request.get("/v1/upgrades/check?downgrade_to=" + wanted.releaseText()));
                nodes.add(census);
                if (forbidden == null && !census.path("possible").asBoolean()) {
                    forbidden = census.path("forbidden_by");
                }
                client.call(Request.get("/v1/upgrades"))
                        .path("nodes")
                        .forEach(each -> unasked.add(each.path("node").asText()));
            }
        }
        nodes.forEach(each -> unasked.remove(each.path("node").asText()));
        ObjectNode result = Json.object()
                .put("downgrade_to", wanted.releaseText())
                .put("possible", forbidden == null && unasked.isEmpty());
        result.set("forbidden_by", forbidden);
        unasked.forEach(result.putArray("unasked")::add);
        result.set("nodes", nodes);
        output().result(result);
        return result.path("possible").asBoolean() ? ExitCodes.DONE : ExitCodes.REFUSED;
    }
}
