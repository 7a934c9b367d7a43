package io.tidaldb.server.config;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.Window;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads {@link NodeConfiguration} from YAML. Each key can be set in the environment as well, where it wins: {@code http.listen} is
 * {@code TIDAL_HTTP_LISTEN}. Relative paths are relative to the working directory.
 */
public final class NodeConfigurationFile {

    private final Section root;

    private NodeConfigurationFile(Section root) {
        this.root = root;
    }

    /**
     * Reads a file.
     *
     * @param environment the process's
     * @throws TidalException INVALID_CONFIGURATION that names file, line and key
     */
    public static NodeConfiguration read(Path file, Map<String, String> environment) {
        return parse(file.toString(), text(file), environment);
    }

    static NodeConfiguration parse(String name, String text, Map<String, String> environment) {
        Environment overrides = new Environment(environment);
        NodeConfigurationFile reader =
                new NodeConfigurationFile(Section.root(name, YamlReader.read(name, text), overrides));
        NodeConfiguration configuration = reader.read();
        overrides.end();
        Exposure.check(name, configuration);
        Addresses.check(name, configuration);
        return configuration;
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > YamlReader.MAX_CHARACTERS) {
                throw YamlReader.invalid("configuration " + file + " is larger than 1 MiB");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw YamlReader.invalid("configuration " + file + " does not exist");
        } catch (CharacterCodingException e) {
            throw YamlReader.invalid("configuration " + file + " is not UTF-8 text");
        } catch (IOException e) {
            throw YamlReader.invalid("configuration " + file + " can't be read: " + e.getMessage());
        }
    }

    private NodeConfiguration read() {
        NodeConfiguration configuration = new NodeConfiguration(
                root.value("cluster", NodeConfigurationFile::name).orElse("tidal"),
                root.value("node", NodeId::of).orElse(NodeId.of("n0")),
                root.value("region", RegionId::parse).orElse(RegionId.of(0)),
                root.value("data_dir", NodeConfigurationFile::path)
                        .orElseThrow(() -> root.missing("data_dir", "the node's directory")),
                http(root.section("http")),
                transport(root.section("transport")),
                wal(root.section("wal")),
                root.map("peers", NodeId::of, Address::parse),
                root.map("join", NodeId::of, Address::parse),
                root.sections("shards").stream()
                        .map(NodeConfigurationFile::shard)
                        .toList(),
                root.sections("signals").stream()
                        .map(NodeConfigurationFile::signal)
                        .toList(),
                only(root.section("plugins"), "dir"),
                keys(root.section("keys")),
                only(root.section("auth"), "tokens"),
                limits(root.section("limits")),
                root.value("debug", NodeConfigurationFile::flag).orElse(false),
                root.value("wait_for_init", NodeConfigurationFile::flag).orElse(false));
        root.end();
        return configuration;
    }

    private static Optional<Path> only(Section section, String key) {
        Optional<Path> path = section.value(key, NodeConfigurationFile::path);
        section.end();
        return path;
    }

    private static NodeConfiguration.Keys keys(Section section) {
        NodeConfiguration.Keys keys = new NodeConfiguration.Keys(
                section.value("plugin", Function.identity()).orElse("file"),
                section.value("dir", NodeConfigurationFile::path),
                section.value("check_every", text -> bounded(text, Duration.ofMillis(10), Duration.ofMinutes(1)))
                        .orElse(Duration.ofSeconds(10)),
                section.value("encrypt_by_default", NodeConfigurationFile::flag).orElse(false));
        if (keys.encryptByDefault() && keys.dir().isEmpty()) {
            throw section.missing("dir", "a directory of master keys, to encrypt by default");
        }
        section.end();
        return keys;
    }

    private static NodeConfiguration.Http http(Section section) {
        NodeConfiguration.Http http = new NodeConfiguration.Http(
                section.value("listen", Address::parse).orElse(new Address("127.0.0.1", 7400)),
                section.optionalSection("tls").map(NodeConfigurationFile::tls));
        section.end();
        return http;
    }

    private static NodeConfiguration.Transport transport(Section section) {
        NodeConfiguration.Transport transport = new NodeConfiguration.Transport(
                section.value("plugin", Function.identity()).orElse("netty"),
                section.value("listen", Address::parse).orElse(new Address("127.0.0.1", 7401)),
                section.value("advertise", Address::parse),
                section.optionalSection("tls").map(NodeConfigurationFile::nodeTls));
        section.end();
        return transport;
    }

    private static NodeConfiguration.Tls tls(Section section) {
        NodeConfiguration.Tls tls = new NodeConfiguration.Tls(
                section.value("keystore", NodeConfigurationFile::path)
                        .orElseThrow(() -> section.missing("keystore", "a PKCS #12 file")),
                section.value("password_file", NodeConfigurationFile::path)
                        .orElseThrow(
                                () -> section.missing("password_file", "a file that holds the keystore's password")));
        section.end();
        return tls;
    }

    private static NodeConfiguration.NodeTls nodeTls(Section section) {
        NodeConfiguration.NodeTls tls = new NodeConfiguration.NodeTls(
                pem(section, "certificate", "the node's certificate"),
                pem(section, "key", "its private key, PKCS #8"),
                pem(section, "authorities", "the certificates of those who may name nodes"),
                section.value("client_authorities", NodeConfigurationFile::path));
        section.end();
        return tls;
    }

    private static Path pem(Section section, String key, String what) {
        return section.value(key, NodeConfigurationFile::path)
                .orElseThrow(() -> section.missing(key, "a PEM file with " + what));
    }

    private static NodeConfiguration.Wal wal(Section section) {
        NodeConfiguration.Wal wal = new NodeConfiguration.Wal(
                section.value("plugin", Function.identity()).orElse("file"),
                section.value("segment_bytes", ByteSize::parse).orElse(new ByteSize(16 << 20)),
                section.value("durability", NodeConfigurationFile::durability).orElse(Durability.LOCAL),
                section.value("group_commit_max_wait", TimeSpan::parse).orElse(Duration.ZERO));
        section.end();
        return wal;
    }

    private static ShardAssignment shard(Section section) {
        ShardAssignment shard = new ShardAssignment(
                section.value("shard", ShardId::parse).orElseThrow(() -> section.fault("shard", "is missing")),
                section.value("region", RegionId::parse).orElseThrow(() -> section.fault("region", "is missing")),
                section.value("node", NodeId::of).orElseThrow(() -> section.fault("node", "is missing")));
        section.end();
        return shard;
    }

    private static NodeConfiguration.SignalSettings signal(Section section) {
        NodeConfiguration.SignalSettings signal = new NodeConfiguration.SignalSettings(
                section.value("name", Function.identity()).orElseThrow(() -> section.fault("name", "is missing")),
                section.value("half_life", TimeSpan::parse)
                        .orElseThrow(() -> section.fault("half_life", "is missing")));
        List<String> all = Arrays.stream(Window.values()).map(Window::toString).toList();
        List<String> windows = section.values("windows", Function.identity());
        if (!windows.isEmpty() && !windows.equals(all)) {
            throw section.fault("windows", "is " + windows + ": this version always has " + all);
        }
        section.end();
        return signal;
    }

    private static NodeConfiguration.Limits limits(Section section) {
        NodeConfiguration.Limits limits = new NodeConfiguration.Limits(
                section.value("max_future", TimeSpan::parse).orElse(Duration.ofMinutes(5)),
                section.value("idempotency_horizon", TimeSpan::parse).orElse(Duration.ofHours(24)),
                section.value("queue_bytes_per_tenant", ByteSize::parse).orElse(new ByteSize(8 << 20)),
                section.value("body_bytes", text -> bounded(text, 1 << 10, 256 << 20))
                        .orElse(new ByteSize(8 << 20)),
                section.value("frame_bytes", text -> bounded(text, 64 << 10, 64 << 20))
                        .orElse(new ByteSize(1 << 20)),
                section.value("connections", NodeConfigurationFile::connections).orElse(10_000),
                section.value("header_timeout", text -> bounded(text, Duration.ofMillis(100), Duration.ofMinutes(5)))
                        .orElse(Duration.ofSeconds(20)),
                section.value("retention", TimeSpan::parse),
                section.value("retention_max", TimeSpan::parse).orElse(Duration.ofHours(24)),
                section.value("scrub_interval", text -> bounded(text, Duration.ZERO, Duration.ofDays(365)))
                        .orElse(Duration.ofDays(1)),
                section.value("scrub_bytes_per_sec", text -> bounded(text, 4 << 10, 1L << 40))
                        .orElse(new ByteSize(4 << 20)),
                section.value("lease", text -> bounded(text, Duration.ofMillis(200), Duration.ofMinutes(1)))
                        .orElse(Duration.ofMillis(700)),
                section.value("return_after", text -> bounded(text, Duration.ZERO, Duration.ofDays(1)))
                        .orElse(Duration.ofSeconds(10)),
                section.value("degraded_lag", text -> bounded(text, Duration.ofMillis(1), Duration.ofDays(1)))
                        .orElse(HealthThresholds.DEFAULT.degradedLag()),
                section.value("offline_after", text -> bounded(text, Duration.ofMillis(1), Duration.ofDays(1)))
                        .orElse(HealthThresholds.DEFAULT.offlineAfter()),
                section.value("migration_latency_factor", NodeConfigurationFile::latencyFactor)
                        .orElse(1.25));
        section.end();
        return limits;
    }

    private static Duration bounded(String text, Duration least, Duration most) {
        Duration span = TimeSpan.parse(text);
        if (span.compareTo(least) < 0 || span.compareTo(most) > 0) {
            throw TidalException.invalid("\"" + text + "\" is out of range: expected " + least.toMillis() + "ms to "
                    + most.toMillis() + "ms");
        }
        return span;
    }

    private static ByteSize bounded(String text, long least, long most) {
        ByteSize size = ByteSize.parse(text);
        if (size.bytes() < least || size.bytes() > most) {
            throw TidalException.invalid(text + " is out of range: expected " + least + " to " + most + " bytes");
        }
        return size;
    }

    private static int connections(String text) {
        if (text.matches("[1-9]\\d{0,5}")) {
            return Integer.parseInt(text);
        }
        throw TidalException.invalid("\"" + text + "\" is out of range: expected 1 to 999999");
    }

    private static double latencyFactor(String text) {
        double factor = text.matches("\\d{1,3}(\\.\\d{1,6})?") ? Double.parseDouble(text) : -1;
        if (factor == 0 || factor >= 1 && factor <= 100) {
            return factor;
        }
        throw TidalException.invalid("\"" + text + "\" is out of range: expected 1 to 100, or 0 for no bound");
    }

    private static Durability durability(String text) {
        try {
            return Durability.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw TidalException.invalid(
                    "\"" + text + "\" is not a durability: expected one of " + Arrays.toString(Durability.values()));
        }
    }

    private static boolean flag(String text) {
        if (text.equals("true") || text.equals("false")) {
            return text.equals("true");
        }
        throw TidalException.invalid("\"" + text + "\" is neither true nor false");
    }

    private static String name(String text) {
        if (text.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")) {
            return text;
        }
        throw TidalException.invalid("\"" + text + "\" is not a name: expected 1 to 63 letters, digits, '.', '_', '-'");
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (java.nio.file.InvalidPathException e) {
            throw TidalException.invalid("\"" + text + "\" is not a path");
        }
    }
}
