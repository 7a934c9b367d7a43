package io.tidaldb.server.cli.plugins;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.plugin.PluginDescription;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.option.PluginOptions;
import io.tidaldb.server.importing.Json;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "list",
        description = "Lists every plugin: where it comes from, whether it is the default, why it is refused.")
final class PluginsListCommand extends CliCommand {

    private static final Map<String, String> DEFAULTS = Map.of(
            "wal",
            "file",
            "transport",
            "inproc",
            "limiter",
            "token-bucket",
            "placement",
            "rendezvous",
            "control",
            "local");

    @Mixin
    private final PluginOptions options = new PluginOptions();

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "Show as chosen the log store of this data directory (default: what a new one gets).")
    private @Nullable Path dataDirectory;

    @Override
    public Integer call() {
        ObjectNode result = Json.object();
        ArrayNode plugins = result.putArray("plugins");
        Map<String, String> chosen = new HashMap<>(DEFAULTS);
        Path directory = dataDirectory;
        if (directory != null) {
            NodeDirectory.peek(directory)
                    .or(() -> NodeDirectory.peek(directory.resolve("n0")))
                    .ifPresent(node -> chosen.put("wal", node.wal()));
        }
        try (PluginCatalog catalog = options.discover()) {
            catalog.list()
                    .forEach(plugin ->
                            plugins.add(describe(plugin, plugin.name().equals(chosen.get(plugin.kind())))));
        }
        output().result(result);
        return ExitCodes.DONE;
    }

    private static ObjectNode describe(PluginDescription plugin, boolean chosen) {
        return Json.object()
                .put("kind", plugin.kind())
                .put("name", plugin.name())
                .put("version", plugin.version())
                .put("jar", plugin.source())
                .put("class_loader", plugin.classLoader().getName())
                .put("chosen", plugin.refused() == null && chosen)
                .put("refused", plugin.refused());
    }
}
