package io.tidaldb.server.cluster;

import io.tidaldb.api.TidalException;
import java.util.List;
import java.util.Map;

/** The environment that all nodes of a cluster inherit. */
final class SharedEnvironment {

    // What is different for each node.
    private static final List<String> OWN = List.of(
            "TIDAL_NODE",
            "TIDAL_REGION",
            "TIDAL_DATA_DIR",
            "TIDAL_HTTP_LISTEN",
            "TIDAL_TRANSPORT_LISTEN",
            "TIDAL_TRANSPORT_ADVERTISE",
            "TIDAL_PEERS",
            "TIDAL_SHARDS");

    private SharedEnvironment() {}

    /** @throws TidalException INVALID_ARGUMENT if it sets what can't be the same for all nodes */
    static void check(Map<String, String> environment) {
        for (String name : OWN) {
            if (environment.containsKey(name)) {
                throw TidalException.invalid("environment variable " + name
                        + " would be the same for every node: unset it; tidal cluster up gives each its own");
            }
        }
    }

    /** Removes what a node does not need to know. */
    static void hideSecrets(Map<String, String> environment) {
        environment.remove("TIDAL_TOKEN");
    }
}
