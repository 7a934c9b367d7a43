package io.tidaldb.server.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.importing.Json;
import java.nio.file.Path;

/**
 * A node of a cluster on this machine.
 *
 * @param config its configuration file
 * @param home the cluster's directory
 */
public record LocalNode(NodeConfiguration configuration, Path config, Path home) {

    /** Returns its name. */
    public String name() {
        return configuration.node().name();
    }

    /** Returns where its log goes: what it says on standard error, of all its lives. */
    public Path log() {
        return home.resolve(name() + ".log");
    }

    /** Returns where its standard output goes, READY line first, of its last life. */
    Path out() {
        return home.resolve(name() + ".out");
    }

    /** Returns what the node's last process is kept in. */
    ProcessFile process() {
        return new ProcessFile(home.resolve(name() + ".pid"));
    }

    /** Returns the node as {@code cluster.json} lists it. */
    ObjectNode describe(long pid) {
        return Json.object()
                .put("node", name())
                .put("pid", pid)
                .put("http", configuration.http().listen().toString())
                .put("peer", configuration.transport().listen().toString())
                .put("config", config.toString())
                .put("data_dir", configuration.dataDir().toString());
    }
}
