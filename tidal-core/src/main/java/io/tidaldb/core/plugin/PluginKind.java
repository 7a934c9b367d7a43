package io.tidaldb.core.plugin;

import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import java.util.Arrays;

/** The seams that plugins fit into, and what a configuration calls them. */
enum PluginKind {
    WAL(WalStoreFactory.class),
    TRANSPORT(TransportFactory.class),
    LIMITER(RateLimiterFactory.class),
    PLACEMENT(PlacementPolicyFactory.class),
    CONTROL(ControlLogFactory.class),
    KEYS(KeyVaultFactory.class);

    private final Class<? extends PluginFactory> factory;

    PluginKind(Class<? extends PluginFactory> factory) {
        this.factory = factory;
    }

    Class<? extends PluginFactory> factory() {
        return factory;
    }

    String word() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    static PluginKind of(Class<? extends PluginFactory> factory) {
        return Arrays.stream(values())
                .filter(kind -> kind.factory == factory)
                .findFirst()
                .orElseThrow(() -> io.tidaldb.api.TidalException.invalid(
                        factory.getName() + " is no kind of plugin: expected one of " + Arrays.toString(values())));
    }
}
