package io.tidaldb.server.config;

import io.tidaldb.api.NodeId;
import java.util.HashMap;
import java.util.Map;

/** Who is where: no two at one address, and nodes of other processes within reach. */
final class Addresses {

    private Addresses() {}

    static void check(String file, NodeConfiguration configuration) {
        NodeConfiguration.Transport transport = configuration.transport();
        boolean joins = !configuration.join().isEmpty();
        if (joins && !(configuration.peers().isEmpty() && configuration.shards().isEmpty())) {
            throw YamlReader.invalid(
                    file + ": join is given together with peers or shards: expected join alone, since the cluster"
                            + " tells a node that joins what there is, or peers and shards for a node with which it is made");
        }
        if (configuration.join().containsKey(configuration.node())) {
            throw YamlReader.invalid(file + ": join names this node, " + configuration.node()
                    + ": expected nodes that are part of the cluster already");
        }
        if (!configuration.others().isEmpty() && transport.plugin().equals("inproc")) {
            throw YamlReader.invalid(
                    file + ": transport.plugin inproc reaches no other process, and there are the peers "
                            + configuration.others().keySet() + ": set it to netty");
        }
        Map<Address, String> taken = new HashMap<>();
        take(file, taken, configuration.http().listen(), "http.listen");
        if (configuration.others().isEmpty()) {
            return;
        }
        take(file, taken, transport.listen(), "transport.listen");
        for (Map.Entry<NodeId, Address> peer : configuration.others().entrySet()) {
            take(file, taken, peer.getValue(), (joins ? "join." : "peers.") + peer.getKey());
            if (peer.getValue().port() == 0) {
                throw YamlReader.invalid(file + ": " + (joins ? "join." : "peers.") + peer.getKey() + " is "
                        + peer.getValue() + ": expected the port at which that node listens");
            }
        }
    }

    private static void take(String file, Map<Address, String> taken, Address address, String key) {
        String other = address.port() == 0 ? null : taken.putIfAbsent(address, key);
        if (other != null) {
            throw YamlReader.invalid(
                    file + ": " + key + " is " + address + ", as is " + other + ": expected an address of its own");
        }
    }
}
