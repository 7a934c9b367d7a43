package io.tidaldb.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Guice;
import com.google.inject.Scopes;
import com.google.inject.Stage;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.core.runtime.SystemClock;
import io.tidaldb.core.runtime.SystemRandom;
import io.tidaldb.core.runtime.ThreadLoops;

/** Binds the plugins that a configuration chose by name, as instances: a plugin never sees the injector. */
public final class PluginModule extends AbstractModule {

    private final WalStoreFactory walStores;
    private final RateLimiterFactory limiters;
    private final PlacementPolicy placement;
    private final ControlLogFactory controlLogs;

    /** The names of the chosen plugins. */
    public record Choice(String wal, String limiter, String placement, String controlLog) {}

    // All are chosen here, before the injector exists: it would wrap a refusal in an exception of its own.
    private PluginModule(PluginCatalog catalog, Choice choice) {
        this.walStores = catalog.choose(WalStoreFactory.class, choice.wal);
        this.limiters = catalog.choose(RateLimiterFactory.class, choice.limiter);
        this.placement =
                catalog.choose(PlacementPolicyFactory.class, choice.placement).create();
        this.controlLogs = catalog.choose(ControlLogFactory.class, choice.controlLog);
    }

    /**
     * Puts together what was chosen.
     *
     * @throws io.tidaldb.api.TidalException PLUGIN_UNAVAILABLE, listing what was found and where
     */
    public static Plugins choose(PluginCatalog catalog, Choice choice) {
        return Guice.createInjector(Stage.PRODUCTION, new PluginModule(catalog, choice))
                .getInstance(Plugins.class);
    }

    @Override
    protected void configure() {
        bind(WalStoreFactory.class).toInstance(walStores);
        bind(RateLimiterFactory.class).toInstance(limiters);
        bind(PlacementPolicy.class).toInstance(placement);
        bind(ControlLogFactory.class).toInstance(controlLogs);
        bind(Clock.class).to(SystemClock.class).in(Scopes.SINGLETON);
        bind(RandomSource.class).to(SystemRandom.class).in(Scopes.SINGLETON);
        bind(LoopFactory.class).to(ThreadLoops.class).in(Scopes.SINGLETON);
    }
}
