package io.tidaldb.server.config;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.plugin.NearMiss;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A mapping of the configuration, asked for its keys one by one; what nobody asked for is unknown. The environment wins over the file. Not
 * thread-safe.
 */
final class Section {

    private final String file;
    private final String path;
    private final YamlNode.Mapping mapping;
    private final @Nullable Environment environment;
    private final Set<String> known = new LinkedHashSet<>();

    /** @param environment null inside lists, whose parts have no names there */
    private Section(String file, String path, YamlNode.Mapping mapping, @Nullable Environment environment) {
        this.file = file;
        this.path = path;
        this.mapping = mapping;
        this.environment = environment;
    }

    static Section root(String file, YamlNode root, Environment environment) {
        return new Section(file, "", asMapping(file, "the configuration", root), environment);
    }

    /** Returns a value, or nothing if the key is absent or null. */
    <T> Optional<T> value(String key, Function<String, T> parse) {
        Optional<YamlNode> node = node(key);
        if (node.isEmpty()) {
            return Optional.empty();
        }
        if (!(node.get() instanceof YamlNode.Scalar scalar)) {
            throw fault(node.get(), key, "is not a single value");
        }
        String text = scalar.text();
        return text == null ? Optional.empty() : Optional.of(parsed(scalar, key, text, parse));
    }

    /** Returns the items of a list of mappings, none if the key is absent. */
    List<Section> sections(String key) {
        List<Section> sections = new ArrayList<>();
        items(key).forEach(item -> {
            String at = qualified(key) + "[" + sections.size() + "]";
            sections.add(new Section(file, at, asMapping(file, at, item), null));
        });
        return sections;
    }

    /** Returns the items of a list of values, none if the key is absent. */
    <T> List<T> values(String key, Function<String, T> parse) {
        return items(key).stream()
                .map(item -> {
                    if (item instanceof YamlNode.Scalar scalar && scalar.text() != null) {
                        return parsed(scalar, key, scalar.text(), parse);
                    }
                    throw fault(item, key, "holds something else than single values");
                })
                .toList();
    }

    /** Returns the entries of a mapping with free keys, none if the key is absent. */
    <K, V> Map<K, V> map(String key, Function<String, K> parseKey, Function<String, V> parseValue) {
        Map<K, V> map = new LinkedHashMap<>();
        node(key)
                .filter(node -> !isNull(node))
                .ifPresent(node -> asMapping(file, qualified(key), node)
                        .fields()
                        .forEach((name, value) -> {
                            if (!(value instanceof YamlNode.Scalar scalar) || scalar.text() == null) {
                                throw fault(value, key, "has no single value for \"" + name + "\"");
                            }
                            map.put(
                                    parsed(scalar, key, name, parseKey),
                                    parsed(scalar, key + "." + name, scalar.text(), parseValue));
                        }));
        return map;
    }

    /** Returns a section; one that is absent has no keys. */
    Section section(String key) {
        return optionalSection(key)
                .orElseGet(() ->
                        new Section(file, qualified(key), new YamlNode.Mapping(mapping.line(), Map.of()), environment));
    }

    /** Returns a section, or nothing if it is absent or null and the environment has none of its keys. */
    Optional<Section> optionalSection(String key) {
        known.add(key);
        YamlNode node = mapping.fields().getOrDefault(key, new YamlNode.Scalar(mapping.line(), null));
        if (isNull(node) && (environment == null || !environment.hasBelow(qualified(key)))) {
            return Optional.empty();
        }
        return Optional.of(new Section(file, qualified(key), asMapping(file, qualified(key), node), environment));
    }

    /** Returns a failure that names the file, the line and the key. */
    TidalException fault(String key, String what) {
        YamlNode node = mapping.fields().getOrDefault(key, mapping);
        return fault(node, key, what);
    }

    /** Returns a failure for a key that has to be there; one that is nearly it and that nobody has asked for explains more. */
    TidalException missing(String key, String expected) {
        for (Map.Entry<String, YamlNode> field : mapping.fields().entrySet()) {
            if (!known.contains(field.getKey()) && NearMiss.distance(field.getKey(), key) <= 2) {
                return fault(field.getValue(), field.getKey(), "is unknown: did you mean \"" + key + "\"?");
            }
        }
        return fault(key, "is missing: expected " + expected);
    }

    /** Refuses keys that nobody has asked for. */
    void end() {
        mapping.fields().forEach((key, value) -> {
            if (!known.contains(key)) {
                throw fault(
                        value,
                        key,
                        "is unknown" + Environment.nearMiss(key, known) + " Known keys: " + String.join(", ", known));
            }
        });
    }

    private List<YamlNode> items(String key) {
        Optional<YamlNode> node = node(key).filter(found -> !isNull(found));
        if (node.isEmpty()) {
            return List.of();
        }
        if (node.get() instanceof YamlNode.Sequence sequence) {
            return sequence.items();
        }
        throw fault(node.get(), key, "is not a list");
    }

    private Optional<YamlNode> node(String key) {
        known.add(key);
        Optional<String> override = environment == null ? Optional.empty() : environment.value(qualified(key));
        return override.isPresent()
                ? Optional.of(YamlReader.read(Environment.name(qualified(key)), override.get()))
                : Optional.ofNullable(mapping.fields().get(key));
    }

    private <T> T parsed(YamlNode node, String key, String text, Function<String, T> parse) {
        if (text.isBlank()) {
            throw fault(node, key, "is empty: give it a value, or leave the key out");
        }
        try {
            return parse.apply(text);
        } catch (TidalException e) {
            if (e.code() == ErrorCode.INVALID_CONFIGURATION) {
                throw e;
            }
            throw fault(node, key, "is not valid: " + e.getMessage());
        }
    }

    private TidalException fault(YamlNode node, String key, String what) {
        return YamlReader.invalid(file + " line " + node.line() + ": key \"" + qualified(key) + "\" " + what);
    }

    private String qualified(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private static boolean isNull(YamlNode node) {
        return node instanceof YamlNode.Scalar scalar && scalar.text() == null;
    }

    private static YamlNode.Mapping asMapping(String file, String what, YamlNode node) {
        if (node instanceof YamlNode.Mapping found) {
            return found;
        }
        if (isNull(node)) {
            return new YamlNode.Mapping(node.line(), Map.of());
        }
        throw YamlReader.invalid(
                file + " line " + node.line() + ": " + what + " is not a mapping: expected KEY: VALUE");
    }
}
