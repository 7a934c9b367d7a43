package io.tidaldb.core.plugin;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The plugins of this process: those on the class path, the built-in ones among them, and those in the plugins directory.
 *
 * <ul>
 *   <li>A bad plugin (throws, other version of the interfaces, invalid name, a name used twice, no service file) is refused and listed
 *       with the reason; the others are not affected.
 *   <li>Only a <em>chosen</em> plugin that is missing or refused is an error, which then says what was found and where.
 * </ul>
 *
 * Immutable. Closing it closes the class loaders: do so when no plugin is in use.
 */
public final class PluginCatalog implements AutoCloseable {

    private final List<PluginCandidate> candidates;
    private final List<PluginClassLoader> classLoaders;

    private PluginCatalog(List<PluginCandidate> candidates, List<PluginClassLoader> classLoaders) {
        this.candidates = List.copyOf(candidates);
        this.classLoaders = List.copyOf(classLoaders);
    }

    /**
     * Looks for plugins on the class path of this library and in a directory.
     *
     * @param directory the plugins directory, or null for none
     * @throws TidalException INVALID_CONFIGURATION if the directory can't be read
     */
    public static PluginCatalog discover(@Nullable Path directory) {
        ClassLoader own = PluginCatalog.class.getClassLoader();
        List<PluginCandidate> found = new ArrayList<>(new PluginSource("class path", own).candidates());
        List<PluginClassLoader> classLoaders = new ArrayList<>();
        if (directory != null) {
            PluginDirectory plugins = new PluginDirectory(directory, own);
            found.addAll(plugins.candidates());
            classLoaders.addAll(plugins.classLoaders());
        }
        return new PluginCatalog(withoutDuplicates(found), classLoaders);
    }

    /** Returns everything that was found: by kind, class path first, then in order of file name. */
    public List<PluginDescription> list() {
        return candidates.stream().map(PluginCandidate::description).toList();
    }

    /**
     * Returns the plugin of a kind with a name.
     *
     * @param kind the factory interface, such as {@code WalStoreFactory.class}
     * @throws TidalException PLUGIN_UNAVAILABLE if there is none, more than one, or it was refused
     */
    public <T extends PluginFactory> T choose(Class<T> kind, String name) {
        String word = PluginKind.of(kind).word();
        for (PluginCandidate candidate : candidates) {
            PluginDescription found = candidate.description();
            PluginFactory factory = candidate.factory();
            if (factory != null && found.kind().equals(word) && found.name().equals(name) && candidate.usable()) {
                return kind.cast(factory);
            }
        }
        throw new TidalException(ErrorCode.PLUGIN_UNAVAILABLE, unavailable(word, name));
    }

    @Override
    public void close() {
        for (PluginClassLoader classLoader : classLoaders) {
            try {
                classLoader.close();
            } catch (IOException e) {
                throw new TidalException(
                        ErrorCode.INTERNAL, "class loader of " + classLoader.getName() + " can't be closed", e);
            }
        }
    }

    private static List<PluginCandidate> withoutDuplicates(List<PluginCandidate> found) {
        List<PluginCandidate> judged = new ArrayList<>();
        for (PluginCandidate candidate : found) {
            List<String> sources = found.stream()
                    .filter(other -> other.usable() && candidate.usable() && other.sameNameAs(candidate))
                    .map(other -> other.description().source())
                    .toList();
            // All of them, because to prefer one would let a file that somebody dropped take another's place unseen.
            judged.add(
                    sources.size() < 2
                            ? candidate
                            : candidate.refused("name is used more than once: in " + String.join(" and in ", sources)));
        }
        return judged;
    }

    private String unavailable(String kind, String name) {
        List<PluginDescription> others = list().stream()
                .filter(found -> found.kind().equals(kind) || found.kind().equals("unknown"))
                .toList();
        String refusals = others.stream()
                .filter(found -> found.name().equals(name) && found.refused() != null)
                .map(PluginDescription::toString)
                .collect(Collectors.joining("; "));
        String found =
                others.stream().map(PluginDescription::toString).collect(Collectors.joining(", ", " Found: ", "."));
        if (!refusals.isEmpty()) {
            return kind + " plugin " + refusals + "." + found;
        }
        return kind + " plugin \"" + name + "\" is missing" + nearMiss(name, others)
                + (others.isEmpty() ? " Found: none." : found);
    }

    private static String nearMiss(String name, List<PluginDescription> others) {
        return others.stream()
                .map(PluginDescription::name)
                .filter(other -> NearMiss.distance(name, other) <= 2)
                .findFirst()
                .map(other -> ": did you mean \"" + other + "\"?")
                .orElse(".");
    }
}
