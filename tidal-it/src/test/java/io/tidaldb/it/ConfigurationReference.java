package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.ByteSize;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.config.NodeConfigurationFile;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The configuration as a page: keys and types are the components of {@link NodeConfiguration}, meanings their Javadoc, defaults what an
 * otherwise empty file comes to.
 */
final class ConfigurationReference {

    private static final String INTRODUCTION = """
            A file in YAML, read by `tidal node --config FILE`; [node](node.md#configuration) explains it by example. Each key can be set in the
            environment as well, where it wins; lists and maps are given as YAML there. An unknown key or variable is an error that names the known ones.
            Sizes are whole numbers of bytes, or with `KiB`, `MiB`, `GiB`, `TiB`; durations have a unit: `10ms`, `60s`, `5m`, `24h`, `7d`.

            | key | type | default | environment | meaning |
            | --- | --- | --- | --- | --- |
            """;

    // Two sections have one key each, which the record has without them.
    private static final Map<String, String> FLAT = Map.of("plugins_dir", "plugins.dir", "tokens", "auth.tokens");
    private static final Pattern KNOWN = Pattern.compile("Known: (.*)$");

    private final StringBuilder page = new StringBuilder(INTRODUCTION);
    private final TreeSet<String> variables = new TreeSet<>();
    private final String source = Repository.read(
            Repository.root().resolve("tidal-server/src/main/java/io/tidaldb/server/config/NodeConfiguration.java"));

    private ConfigurationReference() {}

    static String render(Path work) throws IOException {
        Path file = Files.writeString(work.resolve("empty.yaml"), "data_dir: data\n");
        ConfigurationReference reference = new ConfigurationReference();
        reference.section("", NodeConfiguration.class, NodeConfigurationFile.read(file, Map.of()));
        assertThat(reference.variables).isEqualTo(known(file));
        return reference.page.toString();
    }

    /** Returns the variables that are read, which the refusal of an unknown one names; sections that may be absent must be there for that. */
    private static SortedSet<String> known(Path file) {
        Map<String, String> environment = Map.of(
                "TIDAL_HTTP_TLS_KEYSTORE", "k",
                "TIDAL_HTTP_TLS_PASSWORD_FILE", "p",
                "TIDAL_TRANSPORT_TLS_CERTIFICATE", "c",
                "TIDAL_TRANSPORT_TLS_KEY", "k",
                "TIDAL_TRANSPORT_TLS_AUTHORITIES", "a",
                "TIDAL_NO_SUCH_KEY_AT_ALL", "x");
        TidalException refusal =
                catchThrowableOfType(TidalException.class, () -> NodeConfigurationFile.read(file, environment));
        Matcher names = KNOWN.matcher(String.valueOf(refusal.getMessage()));
        assertThat(names.find()).as(refusal.getMessage()).isTrue();
        return new TreeSet<>(List.of(names.group(1).split(", ", -1)));
    }

    private void section(String path, Class<?> type, @Nullable Object value) {
        for (RecordComponent component : type.getRecordComponents()) {
            Object part = value == null ? null : part(component, value);
            String key = path + snake(component.getName());
            Class<?> section = sectionOf(component);
            if (section != null) {
                section(key + ".", section, part);
            } else {
                row(FLAT.getOrDefault(key, key), component, part, meaning(type, component));
            }
        }
    }

    private void row(String key, RecordComponent component, @Nullable Object value, String meaning) {
        String variable = "TIDAL_" + key.replace('.', '_').toUpperCase(Locale.ROOT);
        variables.add(variable);
        String standard = key.equals("data_dir") || key.contains("tls.") ? "required" : shown(value);
        page.append("| `%s` | %s | %s | `%s` | %s |%n"
                .formatted(key, type(component.getGenericType()), standard, variable, meaning));
    }

    /** Returns the record that a section of the file becomes, or null for a key with a value. */
    private static @Nullable Class<?> sectionOf(RecordComponent component) {
        Type type = component.getGenericType();
        if (type instanceof ParameterizedType parameterized && parameterized.getRawType() == Optional.class) {
            type = parameterized.getActualTypeArguments()[0];
        }
        return type instanceof Class<?> found && found.getEnclosingClass() == NodeConfiguration.class ? found : null;
    }

    private static @Nullable Object part(RecordComponent component, Object value) {
        try {
            Object part = component.getAccessor().invoke(value);
            return part instanceof Optional<?> optional ? optional.orElse(null) : part;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private String meaning(Class<?> type, RecordComponent component) {
        int declaration = source.indexOf("record " + type.getSimpleName() + "(");
        String javadoc = source.substring(source.lastIndexOf("/**", declaration), declaration);
        Matcher text = Pattern.compile(
                        "@param " + component.getName() + " (.*?)(?=\\s*\\* @param|\\s*\\*/)", Pattern.DOTALL)
                .matcher(javadoc);
        assertThat(text.find())
                .as("NodeConfiguration.%s says with @param what %s means", type.getSimpleName(), component.getName())
                .isTrue();
        return text.group(1).replaceAll("\\s*\\n\\s*\\*\\s*", " ").replaceAll("\\{@code ([^}]*)}", "`$1`");
    }

    private static String type(Type type) {
        if (type instanceof ParameterizedType parameterized) {
            Type[] parts = parameterized.getActualTypeArguments();
            return parameterized.getRawType() == Optional.class
                    ? type(parts[0])
                    : parts.length == 2
                            ? "map of " + type(parts[0]) + " to " + type(parts[1])
                            : "list of " + type(parts[0]);
        }
        Class<?> plain = (Class<?>) type;
        if (plain == Durability.class) {
            return Arrays.stream(Durability.values()).map(Object::toString).collect(Collectors.joining(", "));
        }
        return switch (plain.getSimpleName()) {
            case "String" -> "text";
            case "NodeId" -> "node";
            case "RegionId", "ShardId", "int", "double" -> "number";
            case "Address" -> "`HOST:PORT`";
            case "Path" -> "path";
            case "ByteSize" -> "size";
            case "Duration" -> "duration";
            case "boolean" -> "`true` or `false`";
            default -> fields(plain);
        };
    }

    private static String fields(Class<?> item) {
        return Arrays.stream(item.getRecordComponents())
                .map(field -> snake(field.getName()))
                .collect(Collectors.joining(", ", "`{", "}`"));
    }

    private static String shown(@Nullable Object value) {
        if (value == null
                || value instanceof Collection<?> items && items.isEmpty()
                || Map.of().equals(value)) {
            return "none";
        }
        if (value instanceof ByteSize size) {
            return "`" + inLargest(size.bytes(), new long[] {1L << 30, 1L << 20, 1L << 10}, "GiB", "MiB", "KiB") + "`";
        }
        if (value instanceof Duration span) {
            long millis = span.toMillis();
            return "`" + inLargest(millis, new long[] {3_600_000, 60_000, 1_000, 1}, "h", "m", "s", "ms") + "`";
        }
        return "`" + value + "`";
    }

    private static String inLargest(long value, long[] sizes, String... units) {
        for (int i = 0; i < sizes.length; i++) {
            if (value >= sizes[i] && value % sizes[i] == 0) {
                return value / sizes[i] + units[i];
            }
        }
        return Long.toString(value);
    }

    private static String snake(String name) {
        return name.replaceAll("([a-z])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }
}
