package io.tidaldb.core.wiring;

import com.google.inject.Inject;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.runtime.Platform;
import java.util.function.Supplier;

/**
 * The chosen plugins and what they run on, as an instance needs them.
 *
 * @param transports asked only by an instance whose nodes talk to each other; throws PLUGIN_UNAVAILABLE
 */
public record Plugins(
        WalStoreFactory walStores,
        RateLimiterFactory limiters,
        PlacementPolicy placement,
        ControlLogFactory controlLogs,
        KeyVaultFactory keyVaults,
        Supplier<TransportFactory> transports,
        Platform platform) {

    /** For the injector. */
    @Inject
    public Plugins {}
}
