package io.tidaldb.server.cli.wal;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.directory.NodeIdentity;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.option.PluginOptions;
import io.tidaldb.server.formats.NodeInspection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The node directories under a directory: itself, or those right below it. A directory without {@code tidal.json} was written by the file
 * store.
 */
public final class WalDirectories {

    private static final String DESCRIPTION = "tidal.json";

    // All that there is if a process was killed while it created the directory.
    private static final String LOCK = "LOCK";

    private final Path root;
    private final List<Path> nodes;
    private final PluginOptions plugins;

    private WalDirectories(Path root, List<Path> nodes, PluginOptions plugins) {
        this.root = root;
        this.nodes = nodes;
        this.plugins = plugins;
    }

    /** Finds them. */
    public static WalDirectories under(Path root, PluginOptions plugins) throws IOException {
        if (!Files.isDirectory(root)) {
            throw CliException.usage(root + (Files.exists(root) ? " is not a directory" : " does not exist")
                    + ": expected a data directory");
        }
        // A store may keep a directory in the node's that looks like a node's.
        if (isNode(root)) {
            return new WalDirectories(root, List.of(root), plugins);
        }
        try (Stream<Path> children = Files.list(root)) {
            List<Path> nodes = children.filter(WalDirectories::isNode).sorted().toList();
            if (nodes.isEmpty()) {
                throw CliException.failed(root + " is not a data directory: expected " + DESCRIPTION
                        + ", wal/ or tenants/ in it, or directories of nodes");
            }
            return new WalDirectories(root, nodes, plugins);
        }
    }

    /** Reads all logs, node by node; names of files are relative to the root. */
    public void inspect(NodeInspection inspection) throws IOException {
        try (PluginCatalog catalog = plugins.discover()) {
            for (Path node : nodes) {
                Path relative = root.relativize(node);
                inspection.node(relative.toString());
                String prefix = relative.toString().isEmpty() ? "" : relative + "/";
                store(catalog, node).inspect(node, new Prefixed(prefix, inspection));
            }
        }
    }

    /** Returns the number of nodes. */
    int nodes() {
        return nodes.size();
    }

    private static boolean isNode(Path directory) {
        return Files.isDirectory(directory)
                && (Files.isRegularFile(directory.resolve(DESCRIPTION))
                        || (Files.isRegularFile(directory.resolve(LOCK)) && !isDatabase(directory))
                        || Files.isDirectory(directory.resolve("wal"))
                        || Files.isDirectory(directory.resolve("tenants")));
    }

    // RocksDB has a lock of its own in its directory inside a node's.
    private static boolean isDatabase(Path directory) {
        return Files.exists(directory.resolve("CURRENT"));
    }

    // A directory of a newer version is refused here, as it is when it is opened: what it promises is not known.
    private static WalStoreFactory store(PluginCatalog catalog, Path node) {
        String name = NodeDirectory.peek(node).map(NodeIdentity::wal).orElse("file");
        return catalog.choose(WalStoreFactory.class, name);
    }

    /** Adds the node's directory to names of files. */
    private record Prefixed(String prefix, WalInspection target) implements WalInspection {

        @Override
        public void file(String file, long bytes) {
            target.file(prefix + file, bytes);
        }

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            target.batch(log, prefix + file, offset, batch);
        }

        @Override
        public void tornTail(String file, long offset, long bytes) {
            target.tornTail(prefix + file, offset, bytes);
        }

        @Override
        public void damage(String file, long offset, String expected, String actual) {
            target.damage(prefix + file, offset, expected, actual);
        }
    }
}
