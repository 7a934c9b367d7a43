package io.tidaldb.core.plugin;

import org.jspecify.annotations.Nullable;

/**
 * A plugin that was found, for display.
 *
 * @param kind what it plugs into: wal, transport, limiter, placement or control; "unknown" if it could not be told
 * @param name the name that a configuration chooses it by; that of the class or file if it could not be asked
 * @param version its own version
 * @param source "class path", or the jar or directory that it comes from
 * @param classLoader who loaded it
 * @param refused why it can't be chosen, or null if it can
 */
public record PluginDescription(
        String kind,
        String name,
        String version,
        String source,
        ClassLoader classLoader,
        @Nullable String refused) {

    /** Returns {@code "rocks" (plugins/rocks)}, with the reason if it is refused. */
    @Override
    public String toString() {
        return "\"" + name + "\" (" + source + ")" + (refused == null ? "" : " refused: " + refused);
    }
}
