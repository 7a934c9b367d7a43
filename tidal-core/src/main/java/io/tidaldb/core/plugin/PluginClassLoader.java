package io.tidaldb.core.plugin;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;

/**
 * A plugin's own world: its jars and the JDK. Of what is outside, it sees the plugin interfaces and the logging interfaces only, so that
 * it may bring its own version of any library.
 */
final class PluginClassLoader extends URLClassLoader {

    private static final List<String> SHARED = List.of("io.tidaldb.api.", "org.slf4j.");

    static {
        registerAsParallelCapable();
    }

    private final ClassLoader outside;

    PluginClassLoader(String name, URL[] jars, ClassLoader outside) {
        super(name, jars, ClassLoader.getPlatformClassLoader());
        this.outside = outside;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        // A copy inside the jar would be another type of the same name, and the plugin would not fit.
        if (SHARED.stream().anyMatch(name::startsWith)) {
            return outside.loadClass(name);
        }
        return super.loadClass(name, resolve);
    }
}
