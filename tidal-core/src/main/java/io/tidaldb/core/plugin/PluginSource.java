package io.tidaldb.core.plugin;

import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.Spi;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.regex.Pattern;

/** One place that plugins come from: the class path, or one class loader of the plugins directory. */
record PluginSource(String source, ClassLoader classLoader) {

    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,32}");
    // A loader that fails again and again without going on would otherwise be asked for ever.
    private static final int MAX_FAILURES = 100;

    /** Returns every plugin of every kind that this place names, the refused included. */
    List<PluginCandidate> candidates() {
        List<PluginCandidate> found = new ArrayList<>();
        for (PluginKind kind : PluginKind.values()) {
            found.addAll(candidates(kind));
        }
        return found;
    }

    private List<PluginCandidate> candidates(PluginKind kind) {
        List<PluginCandidate> found = new ArrayList<>();
        Iterator<? extends ServiceLoader.Provider<? extends PluginFactory>> providers =
                ServiceLoader.load(kind.factory(), classLoader).stream().iterator();
        int failures = 0;
        while (failures < MAX_FAILURES) {
            try {
                if (!providers.hasNext()) {
                    break;
                }
                found.add(candidate(kind, providers.next()));
            } catch (ServiceConfigurationError | LinkageError e) {
                failures++;
                found.add(refused(kind, source, "can't be loaded: " + reason(e)));
            }
        }
        return found;
    }

    private PluginCandidate candidate(PluginKind kind, ServiceLoader.Provider<? extends PluginFactory> provider) {
        String type = provider.type().getName();
        try {
            PluginFactory factory = provider.get();
            return new PluginCandidate(describe(kind, type, factory), factory);
        } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
            return refused(kind, type, "can't be made: " + reason(e));
        }
    }

    private PluginDescription describe(PluginKind kind, String type, PluginFactory factory) {
        String name = factory.name();
        String shown = name == null ? type : name;
        String refusal = null;
        if (name == null || !NAME.matcher(name).matches()) {
            refusal = "name \"" + name + "\" of " + type
                    + " is not valid: expected 1 to 32 lower-case letters, digits and hyphens";
        } else if (factory.spiVersion() != Spi.VERSION) {
            refusal = "made for version " + factory.spiVersion() + " of the plugin interfaces: expected version "
                    + Spi.VERSION;
        }
        String version = factory.version();
        return new PluginDescription(
                kind.word(), shown, version == null ? "unknown" : version, source, classLoader, refusal);
    }

    private PluginCandidate refused(PluginKind kind, String name, String reason) {
        return new PluginCandidate(
                new PluginDescription(kind.word(), name, "unknown", source, classLoader, reason), null);
    }

    /** Returns this place itself as something that can't be used. */
    PluginCandidate refusedAsAWhole(String reason) {
        return new PluginCandidate(
                new PluginDescription("unknown", source, "unknown", source, classLoader, reason), null);
    }

    private static String reason(Throwable thrown) {
        Throwable deepest = thrown;
        for (int depth = 0; depth < 10 && deepest.getCause() != null; depth++) {
            deepest = deepest.getCause();
        }
        return deepest == thrown ? thrown.toString() : thrown.getMessage() + ": " + deepest;
    }
}
