package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.plugin.PluginDescription;
import io.tidaldb.server.importing.Json;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "list",
        description = "Lists every plugin: where it comes from, whether it is the default, why it is refused.")
final class PluginsListCommand extends CliCommand {

    private static final List<String> DEFAULTS = List.of("file", "inproc", "token-bucket", "rendezvous", "local");

    @Option(
            names = "--plugins-dir",
            paramLabel = "DIR",
            description = "Directory with further plugins: NAME/*.jar or X.jar.")
    private @Nullable Path pluginsDir;

    @Override
    public Integer call() {
        ObjectNode result = Json.object();
        ArrayNode plugins = result.putArray("plugins");
        try (PluginCatalog catalog = PluginCatalog.discover(pluginsDir)) {
            catalog.list().forEach(plugin -> plugins.add(describe(plugin)));
        }
        output().result(result);
        return ExitCodes.DONE;
    }

    private static ObjectNode describe(PluginDescription plugin) {
        return Json.object()
                .put("kind", plugin.kind())
                .put("name", plugin.name())
                .put("version", plugin.version())
                .put("jar", plugin.source())
                .put("class_loader", plugin.classLoader().getName())
                .put("chosen", plugin.refused() == null && DEFAULTS.contains(plugin.name()))
                .put("refused", plugin.refused());
    }
}
