package io.tidaldb.server.config;

import io.tidaldb.core.plugin.NearMiss;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Keys from the environment: {@code TIDAL_} and the path of the key in upper case, joined by underscores. Lists and maps are given as YAML.
 * Not thread-safe.
 */
final class Environment {

    private static final String PREFIX = "TIDAL_";

    // What the launcher and the command line read, and what Kubernetes sets for a service that is called tidal.
    private static final Pattern OTHERS = Pattern.compile(
            "TIDAL_(OPTS|HOME|TOKEN|CONTEXT|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\\d+_(TCP|UDP)(_.*)?)?)");

    private final Map<String, String> values;
    private final TreeSet<String> known = new TreeSet<>();

    Environment(Map<String, String> values) {
        this.values = values;
    }

    static String name(String path) {
        return PREFIX + path.replace('.', '_').toUpperCase(Locale.ROOT);
    }

    Optional<String> value(String path) {
        String name = name(path);
        known.add(name);
        return Optional.ofNullable(values.get(name));
    }

    /** Returns whether a key below this path is set. */
    boolean hasBelow(String path) {
        return values.keySet().stream().anyMatch(name -> name.startsWith(name(path) + "_"));
    }

    /** Refuses names that no key has. Called when all keys have been asked for. */
    void end() {
        for (String name : new TreeSet<>(values.keySet())) {
            if (name.startsWith(PREFIX)
                    && !known.contains(name)
                    && !OTHERS.matcher(name).matches()) {
                throw YamlReader.invalid("environment variable " + name + " is no configuration key"
                        + nearMiss(name, known) + " Known: " + String.join(", ", known));
            }
        }
    }

    static String nearMiss(String name, Iterable<String> known) {
        for (String other : known) {
            if (NearMiss.distance(name, other) <= 2) {
                return ": did you mean \"" + other + "\"?";
            }
        }
        return ".";
    }
}
