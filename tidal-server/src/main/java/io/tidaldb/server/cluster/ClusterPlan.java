package io.tidaldb.server.cluster;

import com.fasterxml.jackson.databind.node.TextNode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Topology;
import io.tidaldb.server.config.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A cluster that is to be made: node {@code nI} alone in region {@code rI}, a replica of every shard in each.
 *
 * @param nodes 1 to {@value #MAX_NODES}
 * @param shards shard I is led in region I modulo the number of nodes
 * @param basePort node I serves at this port + 10 I, and talks to other nodes at the next one; 0 for any that are free
 * @param wal the log store's name
 * @param debug whether faults may be injected
 */
public record ClusterPlan(int nodes, int shards, int basePort, String wal, boolean debug) {

    /** Most nodes of a cluster on one machine. */
    public static final int MAX_NODES = 16;

    private static final int MAX_SHARDS = 256;
    private static final int STEP = 10;
    private static final int LOWEST_PORT = 1_024;
    private static final String HOST = "127.0.0.1";

    /** @throws TidalException INVALID_ARGUMENT if a number is out of range */
    public ClusterPlan {
        check("--nodes", nodes, 1, MAX_NODES);
        check("--shards", shards, 1, MAX_SHARDS);
        if (basePort != 0) {
            check("--base-port", basePort, LOWEST_PORT, 0xFFFF - (nodes - 1) * STEP - 1);
        }
    }

    private static void check(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw TidalException.invalid(option + " " + value + " is out of range: expected " + least + " to " + most);
        }
    }

    /** Returns the configurations, in order of node. */
    List<String> configurations(Path home) {
        List<Integer> ports = basePort == 0 ? freePorts() : fixedPorts();
        List<String> texts = new ArrayList<>();
        for (int node = 0; node < nodes; node++) {
            texts.add(configuration(home, node, ports));
        }
        return texts;
    }

    private String configuration(Path home, int node, List<Integer> ports) {
        StringBuilder text = new StringBuilder("# Written by tidal cluster up.\n")
                .append("cluster: local\nnode: n" + node + "\nregion: " + node + "\n")
                // A JSON text is a YAML text, whatever the path holds.
                .append("data_dir: " + TextNode.valueOf(home.resolve("n" + node).toString()) + "\n")
                .append("http: {listen: \"" + http(node, ports) + "\"}\n")
                .append("transport: {plugin: netty, listen: \"" + peer(node, ports) + "\"}\n")
                .append("wal: {plugin: " + TextNode.valueOf(wal) + "}\n");
        if (nodes > 1) {
            text.append("peers:\n");
        }
        for (int other = 0; other < nodes; other++) {
            text.append(other == node ? "" : "  n" + other + ": \"" + peer(other, ports) + "\"\n");
        }
        text.append("shards:\n");
        Topology.regions(nodes)
                .shardsPerRegion(shards)
                .shards()
                .forEach(shard -> text.append("  - {shard: " + shard.shard().value() + ", region: "
                        + shard.region().value() + ", node: " + shard.node() + "}\n"));
        return text.append("debug: " + debug + "\n").toString();
    }

    private static Address http(int node, List<Integer> ports) {
        return new Address(HOST, ports.get(2 * node));
    }

    private static Address peer(int node, List<Integer> ports) {
        return new Address(HOST, ports.get(2 * node + 1));
    }

    private List<Integer> fixedPorts() {
        List<Integer> ports = new ArrayList<>();
        for (int node = 0; node < nodes; node++) {
            ports.add(basePort + STEP * node);
            ports.add(basePort + STEP * node + 1);
        }
        return ports;
    }

    // All are held until all are known, so that no two are the same.
    private List<Integer> freePorts() {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i < 2 * nodes; i++) {
                held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return held.stream().map(ServerSocket::getLocalPort).toList();
        } catch (IOException e) {
            throw ClusterException.failed("no free ports were found on " + HOST + ": " + e.getMessage());
        } finally {
            held.forEach(ClusterPlan::release);
        }
    }

    private static void release(ServerSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw ClusterException.failed("port " + socket.getLocalPort() + " was not released: " + e.getMessage());
        }
    }
}
