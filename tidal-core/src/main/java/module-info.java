import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.control.LocalControlLogFactory;
import io.tidaldb.core.key.FileKeyVaultFactory;
import io.tidaldb.core.memory.MemoryWalStoreFactory;
import io.tidaldb.core.quota.TokenBucketLimiterFactory;
import io.tidaldb.core.routing.RendezvousPlacementFactory;

/**
 * Tidal as a library. What is exported to all is what a program sees; what is exported to single modules is Tidal's own, and changes with
 * any version.
 */
@SuppressWarnings("module") // those that it is exported to are compiled later
module io.tidaldb.core {
    requires transitive io.tidaldb.api;
    requires com.dynatrace.hash4j;
    requires com.fasterxml.jackson.databind;
    requires com.google.guice;
    // Guice needs these and, being no module itself, can't say so.
    requires com.google.common;
    requires jakarta.inject;
    requires org.slf4j;

    exports io.tidaldb.core;
    exports io.tidaldb.core.audit;
    exports io.tidaldb.core.backup;
    exports io.tidaldb.core.client;
    exports io.tidaldb.core.control;
    exports io.tidaldb.core.upgrade;
    exports io.tidaldb.core.codec to
            io.tidaldb.server;
    exports io.tidaldb.core.directory to
            io.tidaldb.it,
            io.tidaldb.server;
    exports io.tidaldb.core.plugin to
            io.tidaldb.server;
    exports io.tidaldb.core.replication to
            io.tidaldb.it;
    exports io.tidaldb.core.runtime to
            io.tidaldb.it;

    opens io.tidaldb.core.remote to
            com.fasterxml.jackson.databind;
    opens io.tidaldb.core.wiring to
            com.google.guice;

    uses ControlLogFactory;
    uses KeyVaultFactory;
    uses PlacementPolicyFactory;
    uses RateLimiterFactory;
    uses TransportFactory;
    uses WalStoreFactory;

    provides ControlLogFactory with
            LocalControlLogFactory;
    provides KeyVaultFactory with
            FileKeyVaultFactory;
    provides PlacementPolicyFactory with
            RendezvousPlacementFactory;
    provides RateLimiterFactory with
            TokenBucketLimiterFactory;
    provides WalStoreFactory with
            MemoryWalStoreFactory;
}
