package io.tidaldb.server.config;

import io.tidaldb.api.NodeId;
import java.util.HashMap;
import java.util.Map;

/** Who is where: no two at one address, and nodes of other processes within reach. */
final class Addresses {

    private Addresses() {}

    static void check(String file, NodeConfiguration configuration) {
        NodeConfiguration.Transport transport = configuration.transport();
        if (!configuration.peers().isEmpty() && transport.plugin().equals("inproc")) {
            throw YamlReader.invalid(
                    file + ": transport.plugin inproc reaches no other process, and there are the peers "
                            + configuration.peers().keySet() + ": set it to netty");
        }
        Map<Address, String> taken = new HashMap<>();
        take(file, taken, configuration.http().listen(), "http.listen");
        if (configuration.peers().isEmpty()) {
            return;
        }
        take(file, taken, transport.listen(), "transport.listen");
        for (Map.Entry<NodeId, Address> peer : configuration.peers().entrySet()) {
            take(file, taken, peer.getValue(), "peers." + peer.getKey());
            if (peer.getValue().port() == 0) {
                throw YamlReader.invalid(file + ": peers." + peer.getKey() + " is " + peer.getValue()
                        + ": expected the port at which that node listens");
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
