package io.tidaldb.api;

/** What the factories of all plugin interfaces have in common. Found by {@link java.util.ServiceLoader}; needs a public constructor. */
public interface PluginFactory {

    /** Returns the name by which a configuration chooses this plugin: 1 to 32 lower-case letters, digits and hyphens. Constant. */
    String name();

    /** Returns {@link Spi#VERSION} as the plugin was compiled against it. */
    int spiVersion();

    /** Returns the plugin's own version, for display. */
    default String version() {
        String version = getClass().getPackage().getImplementationVersion();
        return version == null ? "unknown" : version;
    }
}
