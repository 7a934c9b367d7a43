package io.tidaldb.api;

import java.lang.module.ModuleDescriptor;
import java.util.Optional;

/** What the factories of all plugin interfaces have in common. Found by {@link java.util.ServiceLoader}; needs a public constructor. */
public interface PluginFactory {

    /** Returns the name by which a configuration chooses this plugin: 1 to 32 lower-case letters, digits and hyphens. Constant. */
    String name();

    /** Returns {@link Spi#VERSION} as the plugin was compiled against it. */
    int spiVersion();

    /**
     * Returns the plugin's own version, for display: as the manifest of its jar says it ({@code Implementation-Version}), else as its module
     * was compiled ({@code javac --module-version}), else {@code unknown}.
     */
    default String version() {
        String version = getClass().getPackage().getImplementationVersion();
        if (version != null) {
            return version;
        }
        // On the module path manifests are not looked at.
        return Optional.ofNullable(getClass().getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse("unknown");
    }
}
