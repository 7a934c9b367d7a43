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

    private final PluginCatalog catalog;
    private final Choice choice;

    /** The names of the chosen plugins. */
    public record Choice(String wal, String limiter, String placement, String controlLog) {}

    private PluginModule(PluginCatalog catalog, Choice choice) {
        this.catalog = catalog;
        this.choice = choice;
    }

    /**
     * Puts together what was chosen.
     *
     * @throws io.tidaldb.api.TidalException PLUGIN_UNAVAILABLE, listing what was found and where
     */
    public static Plugins choose(PluginCatalog catalog, Choice choice) {
        PluginModule module = new PluginModule(catalog, choice);
        module.wal();
        return Guice.createInjector(Stage.PRODUCTION, module).getInstance(Plugins.class);
    }

    private WalStoreFactory wal() {
        return catalog.choose(WalStoreFactory.class, choice.wal);
    }

    @Override
    protected void configure() {
        bind(WalStoreFactory.class).toInstance(wal());
        bind(RateLimiterFactory.class).toInstance(catalog.choose(RateLimiterFactory.class, choice.limiter));
        bind(PlacementPolicy.class)
                .toInstance(catalog.choose(PlacementPolicyFactory.class, choice.placement)
                        .create());
        bind(ControlLogFactory.class).toInstance(catalog.choose(ControlLogFactory.class, choice.controlLog));
        bind(Clock.class).to(SystemClock.class).in(Scopes.SINGLETON);
        bind(RandomSource.class).to(SystemRandom.class).in(Scopes.SINGLETON);
        bind(LoopFactory.class).to(ThreadLoops.class).in(Scopes.SINGLETON);
    }
}
