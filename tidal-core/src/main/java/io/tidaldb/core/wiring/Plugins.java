package io.tidaldb.core.wiring;

import com.google.inject.Inject;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.RandomSource;

/** The chosen plugins and the runtime, as an instance needs them. */
public record Plugins(
        WalStoreFactory walStores,
        RateLimiterFactory limiters,
        PlacementPolicy placement,
        ControlLogFactory controlLogs,
        Clock clock,
        RandomSource random,
        LoopFactory loops) {

    /** For the injector. */
    @Inject
    public Plugins {}
}
