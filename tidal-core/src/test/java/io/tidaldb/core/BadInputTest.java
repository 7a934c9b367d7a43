package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Bad input")
class BadInputTest {

    @TempDir
    Path directory;

    private Drill drill;
    private Tidal tidal;
    private Tenant tenant;

    @BeforeEach
    void open() {
        drill = new Drill(directory.resolve("data"));
        tidal = drill.open();
        tenant = tidal.createTenant(Drill.CONFIG);
        tenant.record("view", 1, 1);
    }

    private void refused(ErrorCode code, String named, ThrowingCallable call) {
        TidalException refusal = Drill.fails(code, call);
        assertThat(refusal).hasMessageContaining(named);
        assertThat(tenant.total("view")).isOne();
        assertThat(tenant.usage().accepted()).isOne();
    }

    // Writes

    @Test
    @DisplayName("weights that are no finite 32-bit float are refused")
    void weights() {
        for (double weight : new double[] {
            Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 3.5e38, -3.5e38, Double.MAX_VALUE
        }) {
            refused(ErrorCode.INVALID_ARGUMENT, String.valueOf(weight), () -> tenant.record("view", 1, weight));
        }
        tenant.record("view", 1, Float.MAX_VALUE);
        tenant.record("view", 1, -Float.MAX_VALUE);
        tenant.record("view", 1, Float.MIN_VALUE);
    }

    @Test
    @DisplayName("event times too far ahead, before 1970 or beyond 2262 are refused; the bound itself is not")
    void eventTimes() {
        Instant bound = drill.clock.now().plus(Duration.ofMinutes(5));
        Signal signal = Signal.of("view", 1, 1);
        refused(
                ErrorCode.EVENT_TIME_TOO_FAR,
                "2026-11-21T10:05:00.000000001Z",
                () -> tenant.recordAll(List.of(signal.at(bound.plusNanos(1)))));
        refused(ErrorCode.EVENT_TIME_TOO_FAR, "clock", () -> tenant.recordAll(List.of(signal.at(Long.MAX_VALUE))));
        refused(ErrorCode.INVALID_ARGUMENT, "1970", () -> signal.at(-1));
        refused(ErrorCode.INVALID_ARGUMENT, "1970", () -> signal.at(Instant.EPOCH.minusNanos(1)));
        refused(ErrorCode.INVALID_ARGUMENT, "2262", () -> signal.at(Instant.parse("2263-01-01T00:00:00Z")));
        refused(ErrorCode.INVALID_ARGUMENT, "2262", () -> signal.at(Instant.MAX));
        tenant.recordAll(List.of(signal.at(bound), signal.at(Instant.EPOCH)));
    }

    @Test
    @DisplayName("one bad signal refuses the whole write")
    void wholeWrite() {
        refused(
                ErrorCode.UNKNOWN_SIGNAL,
                "viewed",
                () -> tenant.recordAll(List.of(Signal.of("view", 1, 1), Signal.of("viewed", 1, 1))));
        refused(ErrorCode.UNKNOWN_SIGNAL, "view", () -> tenant.score("viewed", 1));
        refused(ErrorCode.UNKNOWN_SIGNAL, "VIEW", () -> tenant.top("VIEW", 1));
        refused(ErrorCode.UNKNOWN_SIGNAL, "x", () -> tenant.total("x"));
    }

    @Test
    @DisplayName("empty writes, and writes of too many signals, are refused")
    void sizes() {
        refused(ErrorCode.INVALID_ARGUMENT, "1 to 100000", () -> tenant.recordAll(List.of()));
        List<Signal> many = Collections.nCopies(100_001, Signal.of("view", 1, 1));
        refused(ErrorCode.INVALID_ARGUMENT, "100001", () -> tenant.recordAll(many));
        tenant.recordAll(many.subList(0, 100_000));
    }

    @Test
    @DisplayName("entities are all of u64; names are 1 to 1,024 bytes of Unicode")
    void entities() {
        for (long entity : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            tenant.record("like", entity, 1);
            assertThat(tenant.read("like", entity, ReadOptions.DEFAULT).count()).isOne();
        }
        assertThat(tenant.top("like", 10))
                .extracting(top -> top.entity().toString())
                .contains("18446744073709551615");
        for (String name : List.of("", "n".repeat(1025), "ä".repeat(513), "half \ud83d pair", "\ude00")) {
            Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> tenant.record("like", name, 1));
        }
        tenant.record("like", "ä".repeat(512), 1);
        Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> EntityId.parse("18446744073709551616"));
        Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> EntityId.parse("-1"));
        Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> TenantId.parse("18446744073709551616"));
        TenantId largest = TenantId.parse("18446744073709551615");
        tidal.createTenant(TenantConfig.builder(largest).build()).record("view", 1, 1);
        tidal.abandon();
        assertThat(drill.open().tenant(largest).orElseThrow().total("view")).isOne();
    }

    @Test
    @DisplayName("reads refuse a k, a time and a position that make no sense")
    void reads() {
        for (int k : new int[] {Integer.MIN_VALUE, -1, 0, 10_001}) {
            refused(ErrorCode.INVALID_ARGUMENT, "10000", () -> tenant.top("view", k));
        }
        refused(ErrorCode.INVALID_ARGUMENT, "2262", () -> tenant.read("view", 1, ReadOptions.at(Instant.MAX)));
        refused(ErrorCode.INVALID_ARGUMENT, "1970", () -> tenant.read("view", 1, ReadOptions.at(Instant.MIN)));
        for (String position : List.of("r9:s0:1", "r0:s9:1", "r0:s0:5.1", "r0:s0:77")) {
            refused(
                    ErrorCode.POSITION_UNKNOWN,
                    position,
                    () -> tenant.read("view", 1, ReadOptions.DEFAULT.atLeast(Position.parse(position))));
        }
        for (String position : List.of("", "r0:s0", "r0:s0:1,", "r0:s0:x", "r65536:s0:1")) {
            Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> Position.parse(position));
        }
    }

    // Signals

    @Test
    @DisplayName("a signal type is declared once, with a valid name and half-life")
    void declarations() {
        refused(ErrorCode.SIGNAL_CONFLICT, "view", () -> tidal.declareSignal("view", Duration.ofDays(8)));
        for (String name : List.of("", "a b", "ü", "n".repeat(65))) {
            refused(ErrorCode.INVALID_ARGUMENT, "1 to 64", () -> tidal.declareSignal(name, Duration.ofDays(1)));
        }
        for (Duration halfLife : List.of(
                Duration.ZERO,
                Duration.ofMillis(999),
                Duration.ofDays(-1),
                Duration.ofDays(36_526),
                Duration.ofSeconds(Long.MAX_VALUE),
                Duration.ofSeconds(Long.MIN_VALUE))) {
            refused(ErrorCode.INVALID_ARGUMENT, "half-life", () -> tidal.declareSignal("x", halfLife));
        }
        assertThat(tidal.declareSignal("view", Duration.ofDays(7)).index()).isZero();
        for (int i = tidal.signals().size(); i < 256; i++) {
            assertThat(tidal.declareSignal("s" + i, Duration.ofDays(1)).index()).isEqualTo(i);
        }
        refused(ErrorCode.INVALID_ARGUMENT, "257", () -> tidal.declareSignal("one-more", Duration.ofDays(1)));
        tenant.record("s255", 1, 1);
        tidal.abandon();
        assertThat(drill.open().tenant(Drill.TENANT).orElseThrow().total("s255"))
                .isOne();
    }

    // Builder

    @Test
    @DisplayName("configurations that are out of range or contradict themselves are refused, and nothing is created")
    void configurations() {
        Path fresh = directory.resolve("fresh");
        for (ThrowingCallable wrong : List.<ThrowingCallable>of(
                () -> Tidal.builder().segmentBytes(1),
                () -> Tidal.builder().segmentBytes(2L << 30),
                () -> Tidal.builder().queueBytesPerTenant(1),
                () -> Tidal.builder().maxFuture(Duration.ofNanos(-1)),
                () -> Tidal.builder().idempotencyHorizon(Duration.ofSeconds(-1)),
                () -> Tidal.builder().retention(Duration.ofSeconds(-1)),
                () -> Topology.regions(0),
                () -> Topology.regions(65),
                () -> Topology.regions(1).shards(0),
                () -> Topology.regions(1).shardsPerRegion(4097),
                () -> new Topology(List.of()))) {
            Drill.fails(ErrorCode.INVALID_ARGUMENT, wrong);
        }
        for (ThrowingCallable wrong : List.<ThrowingCallable>of(
                () -> Tidal.builder().dataDir(fresh).wal("memory").open(),
                () -> Tidal.builder()
                        .region(RegionId.of(1))
                        .topology(Topology.regions(2).shards(2))
                        .open())) {
            Drill.fails(ErrorCode.INVALID_CONFIGURATION, wrong);
        }
        for (ThrowingCallable wrong : List.<ThrowingCallable>of(
                () -> Tidal.builder().wal("memroy").open(),
                () -> Tidal.builder().limiter("none").open(),
                () -> Tidal.builder().placement("none").open(),
                () -> Tidal.builder().transport("none").open(),
                () -> Tidal.builder().dataDir(fresh).wal("memroy").open())) {
            assertThat(Drill.fails(ErrorCode.PLUGIN_UNAVAILABLE, wrong)).hasMessageContaining("\"");
        }
        assertThat(Drill.fails(
                        ErrorCode.PLUGIN_UNAVAILABLE,
                        () -> Tidal.builder().wal("memroy").open()))
                .hasMessageContaining("memory");
        assertThat(fresh).doesNotExist();
    }

    @Test
    @DisplayName("a data directory that can't be one is refused")
    void unusableDirectory() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");
        Drill.fails(ErrorCode.INVALID_CONFIGURATION, () -> new Drill(file).open());
        assertThat(file).hasContent("not a directory");
    }

    // Directories

    private Map<String, byte[]> content() throws IOException {
        Map<String, byte[]> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(drill.directory())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                // The owner may write its name into a lock that it then gives up.
                if (!file.endsWith("LOCK")) {
                    content.put(file.toString(), Files.readAllBytes(file));
                }
            }
        }
        return content;
    }

    private void refusedUnchanged(ErrorCode code, ThrowingCallable opening) throws IOException {
        Map<String, byte[]> before = content();
        Drill.fails(code, opening);
        Map<String, byte[]> after = content();
        assertThat(after.keySet()).isEqualTo(before.keySet());
        after.forEach((file, bytes) -> assertThat(bytes).as(file).isEqualTo(before.get(file)));
    }

    @Test
    @DisplayName("a second instance on the same directory is refused, naming the owner, and the first goes on")
    void secondInstance() throws IOException {
        TidalException refusal = Drill.fails(ErrorCode.DIRECTORY_LOCKED, drill::open);
        assertThat(refusal)
                .hasMessageContaining("pid=" + ProcessHandle.current().pid());
        refusedUnchanged(ErrorCode.DIRECTORY_LOCKED, drill::open);
        tenant.record("view", 2, 1);
        tidal.close();
        assertThat(drill.open().tenant(Drill.TENANT).orElseThrow().total("view"))
                .isEqualTo(2);
    }

    @Test
    @DisplayName("a directory of a newer version is refused, and nothing in it is changed")
    void newerVersion() throws IOException {
        tidal.close();
        Path identity = drill.directory().resolve("tidal.json");
        String text = Files.readString(identity);
        Files.writeString(identity, text.replace("\"format\" : 2", "\"format\" : 3"));
        refusedUnchanged(ErrorCode.FORMAT_TOO_NEW, drill::open);
        Files.writeString(identity, text);
        assertThat(drill.open().tenants()).hasSize(1);
    }

    @Test
    @DisplayName("a damaged identity file is refused, and nothing is changed")
    void damagedIdentity() throws IOException {
        tidal.close();
        Path identity = drill.directory().resolve("tidal.json");
        String text = Files.readString(identity);
        List<String> damages = new ArrayList<>(List.of("", "{", "[]", "null", "{}", "\u0000\u0001"));
        damages.add(text.replace("\"region\" : 0", "\"region\" : 70000"));
        damages.add(text.replace("\"region\" : 0", "\"region\" : \"x\""));
        damages.add(text.replace("\"node\" : \"n0\"", "\"node\" : \"\""));
        damages.add(text.substring(0, text.length() / 2));
        for (String damage : damages) {
            Files.writeString(identity, damage);
            refusedUnchanged(ErrorCode.CORRUPT_DATA, drill::open);
        }
    }

    @Test
    @DisplayName("a directory of another region, topology or log store is refused, and nothing in it is changed")
    void otherDirectory() throws IOException {
        tidal.close();
        refusedUnchanged(
                ErrorCode.DIRECTORY_MISMATCH,
                () -> drill.durable().region(RegionId.of(1)).open());
        refusedUnchanged(
                ErrorCode.DIRECTORY_MISMATCH,
                () -> drill.durable().topology(Topology.regions(3).shards(3)).open());
        assertThat(drill.open().tenant(Drill.TENANT).orElseThrow().total("view"))
                .isOne();
    }

    @Test
    @DisplayName("refused declarations at open leave the instance as it was")
    void refusedAtOpen() {
        tidal.close();
        Drill.fails(
                ErrorCode.SIGNAL_CONFLICT,
                () -> drill.durable().signal("view", Duration.ofDays(8)).open());
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> drill.durable().signal("", Duration.ofDays(8)).open());
        Drill.fails(
                ErrorCode.DIRECTORY_MISMATCH,
                () -> drill.durable().topology(Topology.regions(1).shards(2)).open());
        tidal = drill.open();
        assertThat(tidal.signals()).hasSize(2);
        assertThat(tidal.tenant(Drill.TENANT).orElseThrow().total("view")).isOne();
    }

    @Test
    @DisplayName("R-20: tenants that the cluster can't hold are refused, and are not there")
    void impossibleTenants() {
        for (TenantConfig.Builder wrong : List.of(
                config().slots(2), config().pinnedShards(io.tidaldb.api.ReplicaId.of(RegionId.of(0), ShardId.of(7))))) {
            Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> tidal.createTenant(wrong.build()));
        }
        Drill.fails(
                ErrorCode.RESIDENCY_UNSATISFIABLE,
                () -> tidal.createTenant(
                        config().requiredRegions(RegionId.of(5)).build()));
        assertThat(tidal.tenants()).hasSize(1);
        tidal.abandon();
        assertThat(drill.open().tenants()).hasSize(1);
    }

    private static TenantConfig.Builder config() {
        return TenantConfig.builder(TenantId.of(43));
    }
}
