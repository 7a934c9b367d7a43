package io.tidaldb.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Guice;
import com.google.inject.Stage;
import com.google.inject.TypeLiteral;
import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.runtime.Platform;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Binds the plugins that a configuration chose by name, as instances: a plugin never sees the injector. */
public final class PluginModule extends AbstractModule {

    private final WalStoreFactory walStores;
    private final RateLimiterFactory limiters;
    private final PlacementPolicy placement;
    private final ControlLogFactory controlLogs;
    private final KeyVaultFactory keyVaults;
    private final Supplier<TransportFactory> transports;
    private final Platform platform;

    /**
     * Which plugins, by name or as they are, and what they run on.
     *
     * @param transport null for "inproc", which then may be missing as long as nobody needs it
     */
    public record Choice(
            Plugin<WalStoreFactory> wal,
            @Nullable Plugin<TransportFactory> transport,
            String limiter,
            String placement,
            Plugin<ControlLogFactory> controlLog,
            Plugin<KeyVaultFactory> keyVault,
            Platform platform) {}

    /**
     * A plugin by its name, or as an instance.
     *
     * @param instance if given, the name does not matter
     */
    public record Plugin<T extends PluginFactory>(
            Class<T> kind, String name, @Nullable T instance) {

        /** Returns a choice by name. */
        public static <T extends PluginFactory> Plugin<T> named(Class<T> kind, String name) {
            return new Plugin<>(kind, name, null);
        }

        T from(PluginCatalog catalog) {
            return instance != null ? instance : catalog.choose(kind, name);
        }
    }

    // All are chosen here, before the injector exists: it would wrap a refusal in an exception of its own.
    private PluginModule(PluginCatalog catalog, Choice choice) {
        this.walStores = choice.wal.from(catalog);
        this.limiters = catalog.choose(RateLimiterFactory.class, choice.limiter);
        this.placement =
                catalog.choose(PlacementPolicyFactory.class, choice.placement).create();
        this.controlLogs = choice.controlLog.from(catalog);
        this.keyVaults = choice.keyVault.from(catalog);
        if (choice.transport == null) {
            this.transports = () -> catalog.choose(TransportFactory.class, "inproc");
        } else {
            TransportFactory chosen = choice.transport.from(catalog);
            this.transports = () -> chosen;
        }
        this.platform = choice.platform;
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
        bind(KeyVaultFactory.class).toInstance(keyVaults);
        bind(new TypeLiteral<Supplier<TransportFactory>>() {}).toInstance(transports);
        bind(Platform.class).toInstance(platform);
    }
}
