package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.BackupReport;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.RestorePoint;
import io.tidaldb.core.control.MigrationState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("F-72: backup and restore of one tenant")
class BackupTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final int ENTITIES = 40;
    private static final String[] TYPES = {"view", "like"};
    private static final Instant AT = Instant.parse("2026-11-01T00:00:00Z");

    @TempDir
    Path directory;

    /** A position of the tenant, and all that reads said there. */
    private record Moment(Position position, Instant time, List<String> state) {}

    /** Parts of a backup in memory. */
    private static final class Parts implements BackupSource {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private BackupPoint point = BackupPoint.NOTHING;

        void take(Tidal tidal) throws IOException {
            ByteArrayOutputStream part = new ByteArrayOutputStream();
            BackupReport report = tidal.backup(TENANT, point, part);
            point = report.point();
            part.writeTo(bytes);
        }

        @Override
        public String name() {
            return "the test's backup";
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(bytes.toByteArray());
        }
    }

    private static Tidal open(String wal, Path data) {
        return open(wal, data, Topology.regions(3).shardsPerRegion(3));
    }

    private static Tidal open(String wal, Path data, Topology topology) {
        return Tidal.builder()
                .dataDir(data)
                .wal(wal)
                .topology(topology)
                .signal("view", Duration.ofDays(7))
                .signal("like", Duration.ofDays(30))
                .open();
    }

    private static TenantConfig config() {
        return TenantConfig.builder(TENANT)
                .label("acme")
                .slots(3)
                .maxEntities(1_000)
                .build();
    }

    private static List<String> state(Tenant tenant) {
        List<String> state = new ArrayList<>();
        for (String type : TYPES) {
            for (long entity = 0; entity < ENTITIES; entity++) {
                state.add(type + entity + read(tenant.read(type, entity, ReadOptions.at(AT))));
                state.add(type + "e" + entity + read(tenant.read(type, "e" + entity, ReadOptions.at(AT))));
            }
            state.add(type + tenant.total(type) + "/" + tenant.entities(type) + "/"
                    + tenant.top(type, 20, ReadOptions.at(AT)).stream()
                            .map(each -> each.entity() + " " + each.name() + " " + score(each.score()))
                            .toList());
        }
        return state;
    }

    // All bits of it, though what former leaders wrote is merged at some time after they have gone.
    private static String score(double score) {
        return Double.toHexString(score);
    }

    private static String read(Reading reading) {
        return " " + score(reading.score()) + " " + reading.count() + " " + reading.lastHour() + " " + reading.lastDay()
                + " " + reading.lastWeek() + " " + reading.asOf();
    }

    private static List<Signal> some(Random random) {
        List<Signal> signals = new ArrayList<>();
        for (int i = random.nextInt(1, 6); i > 0; i--) {
            String type = TYPES[random.nextInt(TYPES.length)];
            int entity = random.nextInt(ENTITIES);
            Instant time = AT.minusSeconds(random.nextInt(1_000_000));
            signals.add(
                    random.nextInt(4) == 0
                            ? Signal.of(type, "e" + entity, random.nextFloat()).at(time)
                            : Signal.of(type, entity, random.nextFloat()).at(time));
        }
        return signals;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-72: restore(backup(T, s)) is T at s, for random s, over take-overs, in parts, as another tenant elsewhere")
    void restoresEveryMoment(String wal) throws IOException {
        long seed = Long.getLong("tidal.backup.seed", 20_261_122);
        Random random = new Random(seed);
        List<Moment> moments = new ArrayList<>();
        Parts parts = new Parts();
        try (Tidal tidal = open(wal, directory.resolve("from"));
                Tidal other = open(wal, directory.resolve("to"))) {
            Tenant tenant = tidal.createTenant(config());
            Position latest = new Position(List.of());
            for (int i = 0; i < 60; i++) {
                WriteOptions options = random.nextBoolean()
                        ? WriteOptions.DEFAULT
                        : WriteOptions.DEFAULT.with(new IdempotencyKey(seed, i));
                Position position = tenant.recordAll(some(random), options);
                latest = latest.and(position);
                moments.add(new Moment(latest, now(), state(tenant)));
                if (i % 13 == 5) {
                    parts.take(tidal);
                }
                if (i % 20 == 10) {
                    promote(tidal, tenant, random);
                }
            }
            parts.take(tidal);
            for (int i = 0; i < 6; i++) {
                Moment moment = moments.get(random.nextInt(moments.size()));
                TenantId as = TenantId.of(100 + i);
                boolean elsewhere = random.nextBoolean();
                Tenant restored = (elsewhere ? other : tidal)
                        .restore(
                                parts,
                                RestoreOptions.DEFAULT
                                        .as(as)
                                        .at(
                                                random.nextBoolean()
                                                        ? RestorePoint.after(every(moment, moments)
                                                                .records())
                                                        : RestorePoint.at(moment.time)));
                assertThat(state(restored))
                        .as("seed %d, %s, elsewhere %s", seed, moment.position, elsewhere)
                        .isEqualTo(moment.state);
            }
            // The newest, under its own id, and it goes on.
            tidal.deleteTenant(TENANT);
            Tenant again = tidal.restore(parts, RestoreOptions.DEFAULT);
            Moment last = moments.get(moments.size() - 1);
            assertThat(state(again)).as("seed %d", seed).isEqualTo(last.state);
            assertThat(again.config().label()).isEqualTo("acme");
            assertThat(again.verifyUsage().matches()).isTrue();
            Position next = again.record("view", 1, 1);
            assertThat(next.records())
                    .noneMatch(record -> last.position.records().stream()
                            .anyMatch(before -> before.origin().equals(record.origin())));
            Await.noLag(tidal);
            assertThat(again.compareReplicas(false))
                    .hasSize(6)
                    .allMatch(replica ->
                            replica.known() && replica.differingBuckets().isEmpty());
        }
        try (Tidal tidal = Tidal.builder().dataDir(directory.resolve("from")).open()) {
            assertThat(tidal.tenant(TENANT).orElseThrow().total("view")).isEqualTo(totalOfViews(moments) + 1);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-72: the same of a backup that begins with a checkpoint, as its logs do not reach back any more, and not before that")
    void beginsWithACheckpoint(String wal) throws IOException {
        long seed = Long.getLong("tidal.backup.seed", 20_261_122);
        Random random = new Random(seed);
        List<Moment> moments = new ArrayList<>();
        Parts parts = new Parts();
        EntityId anna = EntityId.of(1_001);
        SessionId session = SessionId.of(5);
        IdempotencyKey key = new IdempotencyKey(seed, -1);
        List<Signal> keyed =
                List.of(Signal.of("view", 1, 1).at(AT), Signal.of("like", 2, 1).at(AT));
        try (Tidal tidal = open(wal, directory.resolve("from"));
                Tidal other = open(wal, directory.resolve("to"))) {
            Tenant tenant = tidal.createTenant(config());
            Position early = tenant.recordAll(keyed, WriteOptions.DEFAULT.with(key));
            tenant.hide(anna.value(), 1);
            tenant.hide(anna.value(), 2);
            tenant.sessions().start(session, anna, WriteOptions.DEFAULT);
            Position latest = early;
            for (int i = 0; i < 60; i++) {
                latest = latest.and(tenant.recordAll(some(random), WriteOptions.DEFAULT));
                if (i % 8 == 3) {
                    promote(tidal, tenant, random);
                }
                if (i == 30) {
                    Instant erased = now();
                    tidal.eraseEntity(TENANT, EntityId.of(ENTITIES - 1));
                    Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
                    parts.take(tidal);
                    assertThatThrownBy(() -> tidal.restore(
                                    parts,
                                    RestoreOptions.DEFAULT.as(TenantId.of(99)).at(RestorePoint.at(erased))))
                            .isInstanceOfSatisfying(
                                    TidalException.class,
                                    e -> assertThat(e.code()).isEqualTo(ErrorCode.POSITION_UNKNOWN));
                }
                if (i % 7 == 0 && i > 30) {
                    parts.take(tidal);
                }
                if (i > 30) {
                    moments.add(new Moment(latest, now(), state(tenant)));
                }
            }
            parts.take(tidal);
            for (int i = 0; i < 4; i++) {
                Moment moment = moments.get(random.nextInt(moments.size()));
                Tenant restored = (random.nextBoolean() ? other : tidal)
                        .restore(
                                parts,
                                RestoreOptions.DEFAULT.as(TenantId.of(100 + i)).at(RestorePoint.at(moment.time)));
                assertThat(state(restored))
                        .as("seed %d, %s", seed, moment.position)
                        .isEqualTo(moment.state);
            }
            tidal.deleteTenant(TENANT);
            Tenant again = tidal.restore(parts, RestoreOptions.DEFAULT);
            assertThat(state(again)).as("seed %d", seed).isEqualTo(moments.get(moments.size() - 1).state);
            // A retry, a session and what somebody does not want to see go on.
            again.recordAll(keyed, WriteOptions.DEFAULT.with(key));
            assertThat(state(again)).isEqualTo(moments.get(moments.size() - 1).state);
            assertThat(again.sessions().read(session, ReadOptions.DEFAULT).entries())
                    .hasSize(1);
            again.sessions().write(session, SessionSeqNo.of(2), new SessionEvent.Query("more"), WriteOptions.DEFAULT);
            assertThat(again.negatives().of(anna, ReadOptions.DEFAULT)).hasSize(2);
            again.negatives().withdraw(NegativeKind.HIDE, anna, EntityId.of(1), WriteOptions.DEFAULT);
            assertThat(again.negatives().of(anna, ReadOptions.DEFAULT)).hasSize(1);
            for (int i = 0; i < 3; i++) {
                promote(tidal, again, random);
                again.recordAll(some(random), WriteOptions.DEFAULT);
            }
            Await.noLag(tidal);
            assertThat(again.compareReplicas(false)).hasSize(6).allMatch(each -> each.isEqual());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-72: of a node without others that ends again and again all is backed up, part by part, though it merges former logs")
    void ofANodeAlone(String wal) throws IOException {
        Topology alone = Topology.regions(1).shardsPerRegion(1);
        Random random = new Random(1);
        Parts parts = new Parts();
        for (int life = 0; life < 4; life++) {
            Tidal tidal = open(wal, directory, alone);
            try {
                Tenant tenant = life == 0
                        ? tidal.createTenant(TenantConfig.builder(TENANT).build())
                        : tidal.tenant(TENANT).orElseThrow();
                for (int i = 0; i < 10; i++) {
                    tenant.recordAll(some(random));
                }
                tidal.checkpoint();
                parts.take(tidal);
                Tenant restored = tidal.restore(parts, RestoreOptions.DEFAULT.as(TenantId.of(100 + life)));
                assertThat(state(restored)).as("life %d", life).isEqualTo(state(tenant));
            } finally {
                tidal.abandon();
            }
        }
    }

    private static long totalOfViews(List<Moment> moments) {
        return moments.get(moments.size() - 1).state.stream()
                .filter(line -> line.matches("view\\d+/.*"))
                .mapToLong(line -> Long.parseLong(line.substring(4, line.indexOf('/'))))
                .findFirst()
                .orElseThrow();
    }

    // Origins of which nothing was written yet have to be named, too: else all of theirs counts.
    private static Position every(Moment moment, List<Moment> moments) {
        List<WalSegmentId> records = new ArrayList<>(moment.position.records());
        for (WalSegmentId last : moments.get(moments.size() - 1).position.records()) {
            if (records.stream().noneMatch(record -> record.origin().equals(last.origin()))) {
                records.add(WalSegmentId.of(last.origin(), last.origin().startSeqno()));
            }
        }
        return new Position(records);
    }

    // The next write is stamped later.
    private static Instant now() {
        Instant now = Instant.ofEpochMilli(System.currentTimeMillis() + 2);
        Await.until(() -> Instant.now().isAfter(now.plusMillis(2)));
        return now;
    }

    private static void promote(Tidal tidal, Tenant tenant, Random random) {
        Await.noLag(tidal);
        ReplicaId leader = tenant.placement().get(random.nextInt(3));
        int region = (leader.region().value() + 1 + random.nextInt(2)) % 3;
        tidal.promote(TENANT, new ReplicaId(RegionId.of(region), leader.shard()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-72: a backup is taken while writes go on, and holds all that was acknowledged before it began")
    void isTakenWhileWritesGoOn(String wal) throws Exception {
        Parts parts = new Parts();
        try (Tidal tidal = open(wal, directory.resolve("from"))) {
            Tenant tenant = tidal.createTenant(config());
            AtomicBoolean done = new AtomicBoolean();
            Thread writer = new Thread(() -> {
                for (int i = 0; !done.get(); i++) {
                    tenant.record("view", i % ENTITIES, 1);
                }
            });
            writer.start();
            long before = 0;
            for (int i = 0; i < 5; i++) {
                long wanted = before + 200;
                Await.until(() -> tenant.total("view") > wanted);
                before = tenant.total("view");
                parts.take(tidal);
            }
            done.set(true);
            writer.join();
            Tenant restored = tidal.restore(parts, RestoreOptions.DEFAULT.as(TenantId.of(8)));
            assertThat(restored.total("view")).isBetween(before, tenant.total("view"));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-33, F-72: a backup goes on where its tenant is moved to while it is taken")
    void meetsAMove(String wal) throws IOException {
        try (Tidal tidal = open(wal, directory.resolve("from"))) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .build());
            for (int write = 0; write < 20; write++) {
                tenant.recordAll(Collections.nCopies(1_000, Signal.of("view", write, 1)), WriteOptions.DEFAULT);
            }
            ByteArrayOutputStream backup = new ByteArrayOutputStream() {
                @Override
                public synchronized void write(byte[] bytes, int from, int length) {
                    boolean first = size() == 0;
                    super.write(bytes, from, length);
                    if (first) {
                        long id = tidal.migrations()
                                .start(
                                        TENANT,
                                        ReplicaId.parse("r0:s0"),
                                        ReplicaId.parse("r2:s2"),
                                        MigrationOptions.DEFAULT.holding(Duration.ZERO));
                        MigrationMatrixTest.awaitState(tidal, id, MigrationState.COMPLETE);
                    }
                }
            };
            tidal.backup(TENANT, BackupPoint.NOTHING, backup);
            assertThat(tenant.placement()).containsExactly(ReplicaId.parse("r2:s2"));
            Tenant restored = tidal.restore(
                    new BackupSource() {
                        @Override
                        public String name() {
                            return "the test's backup";
                        }

                        @Override
                        public InputStream open() {
                            return new ByteArrayInputStream(backup.toByteArray());
                        }
                    },
                    RestoreOptions.DEFAULT.as(TenantId.of(8)));
            assertThat(restored.total("view")).isEqualTo(20_000);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-72: a damaged, shortened or mixed backup is refused before anything is made of it")
    void refusesWhatIsNotWhole(String wal) throws IOException {
        try (Tidal tidal = open(wal, directory.resolve("from"))) {
            Tenant tenant = tidal.createTenant(config());
            for (int i = 0; i < 20; i++) {
                tenant.record("view", i, 1);
            }
            Parts parts = new Parts();
            parts.take(tidal);
            int first = parts.bytes.size();
            tenant.record("view", 1, 1);
            parts.take(tidal);
            byte[] whole = parts.bytes.toByteArray();
            Random random = new Random(7);
            for (int i = 0; i < 60; i++) {
                byte[] damaged = whole.clone();
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
                assertRefused(tidal, damaged);
            }
            for (int i = 0; i < 20; i++) {
                int length = random.nextInt(whole.length);
                if (length != first) {
                    assertRefused(tidal, Arrays.copyOf(whole, length));
                }
            }
            assertRefused(tidal, Arrays.copyOfRange(whole, first, whole.length));
            assertThatThrownBy(() -> tidal.restore(parts, RestoreOptions.DEFAULT))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TENANT_EXISTS));
            assertThat(tidal.tenants()).hasSize(1);
        }
    }

    @Test
    @DisplayName(
            "F-72: a time that is before its first record or after it was taken is refused, and nothing is made of it")
    void refusesTimesOutside() throws IOException {
        try (Tidal tidal = open("file", directory)) {
            Instant before = now();
            Tenant tenant = tidal.createTenant(config());
            tenant.record("view", 1, 1);
            Instant between = now();
            tenant.record("view", 2, 1);
            Parts parts = new Parts();
            parts.take(tidal);
            for (Map.Entry<Instant, String> wrong : Map.of(
                            before,
                            "holds nothing up to " + before.truncatedTo(ChronoUnit.MILLIS),
                            Instant.EPOCH,
                            "when its first record was committed, or a later time",
                            Instant.now().plusSeconds(60),
                            "when its last part was taken, or none for all that it has")
                    .entrySet()) {
                assertThatThrownBy(() -> tidal.restore(
                                parts, RestoreOptions.DEFAULT.as(TenantId.of(8)).at(RestorePoint.at(wrong.getKey()))))
                        .isInstanceOfSatisfying(
                                TidalException.class,
                                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.POSITION_UNKNOWN))
                        .hasMessageContaining(wrong.getValue());
                assertThat(tidal.tenant(TenantId.of(8))).isEmpty();
            }
            assertThat(tidal.restore(
                                    parts,
                                    RestoreOptions.DEFAULT.as(TenantId.of(8)).at(RestorePoint.at(between)))
                            .total("view"))
                    .isEqualTo(1);
        }
    }

    private static CompletableFuture<Tenant> restoring(Tidal tidal, Parts parts, TenantId as) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return tidal.restore(parts, RestoreOptions.DEFAULT.as(as));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void awaitWaiting(Tidal tidal, TenantId restored) {
        Await.passes(() -> assertThatThrownBy(() -> tidal.tenant(restored))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_CAUGHT_UP))
                .hasMessageContaining("waits until 2 of 3 replicas of shard s0 hold all of it")
                .hasMessageContaining("[r1:s0, r2:s0] do not yet"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-72: what is restored is there once a majority holds it, at LOCAL, too, and nothing goes with who restored it")
    void waitsForAMajority(String wal) throws Exception {
        TenantId as = TenantId.of(8);
        try (Tidal tidal = open(wal, directory, Topology.regions(3).shardsPerRegion(1))) {
            Tenant tenant = tidal.createTenant(
                    TenantConfig.builder(TENANT).durability(Durability.LOCAL).build());
            for (int i = 0; i < 20; i++) {
                tenant.record("view", i, 1);
            }
            Parts parts = new Parts();
            parts.take(tidal);
            tidal.crashNode(NodeId.of("n1"));
            tidal.crashNode(NodeId.of("n2"));

            CompletableFuture<Tenant> givenUp = restoring(tidal, parts, as);
            awaitWaiting(tidal, as);
            tidal.deleteTenant(as);
            assertThatThrownBy(givenUp::join).hasMessageContaining("tenant t8 was deleted while it was being restored");
            assertThat(tidal.tenant(as)).isEmpty();

            CompletableFuture<Tenant> restored = restoring(tidal, parts, as);
            awaitWaiting(tidal, as);
            assertThat(restored).isNotDone();
            tidal.startNode(NodeId.of("n1"));
            assertThat(restored.join().total("view")).isEqualTo(20);
            tidal.crashNode(NodeId.of("n0"));
            tidal.startNode(NodeId.of("n2"));
            tidal.promote(as, ReplicaId.parse("r1:s0"));
            assertThat(tidal.tenant(as).orElseThrow().total("view")).isEqualTo(20);
        }
    }

    @Test
    @DisplayName(
            "F-72: where there are fewer replicas than before, a tenant is restored if its writes need wait for none")
    void durability(@TempDir Path alone) throws IOException {
        Parts parts = new Parts();
        try (Tidal tidal = open("file", directory)) {
            tidal.createTenant(TenantConfig.builder(TENANT)
                            .durability(Durability.MAJORITY)
                            .build())
                    .record("view", 1, 1);
            parts.take(tidal);
        }
        try (Tidal tidal = open("file", alone, Topology.regions(1).shardsPerRegion(1))) {
            assertThatThrownBy(() -> tidal.restore(parts, RestoreOptions.DEFAULT))
                    .hasMessageContainingAll("durability MAJORITY", "r0:s0", "expected ASYNC or LOCAL");
            assertThat(tidal.tenants()).isEmpty();
            Tenant restored = tidal.restore(parts, RestoreOptions.DEFAULT.with(Durability.LOCAL));
            assertThat(restored.config().durability()).isEqualTo(Durability.LOCAL);
            restored.record("view", 1, 1);
            assertThat(restored.total("view")).isEqualTo(2);
        }
    }

    private static void assertRefused(Tidal tidal, byte[] bytes) {
        BackupSource damaged = new BackupSource() {
            @Override
            public String name() {
                return "a damaged backup";
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(bytes);
            }
        };
        assertThatThrownBy(() -> tidal.restore(damaged, RestoreOptions.DEFAULT.as(TenantId.of(9))))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        refusal -> assertThat(refusal.code()).isIn(ErrorCode.CORRUPT_DATA, ErrorCode.FORMAT_TOO_NEW))
                .hasMessageContaining("backup")
                .hasMessageContaining("expected");
        assertThat(tidal.tenant(TenantId.of(9))).isEmpty();
    }

    @Test
    @DisplayName(
            "F-72, R-43: hides, their withdrawals and sessions are in it, and go on in the tenant that is restored")
    void users(@TempDir Path data) throws IOException {
        EntityId anna = EntityId.of(1_001);
        SessionId session = SessionId.of(5);
        try (Tidal tidal = open("file", data)) {
            Tenant tenant = tidal.createTenant(config());
            tenant.record("view", 1, 1);
            tenant.record("view", 2, 1);
            tenant.hide(anna.value(), 1);
            tenant.hide(anna.value(), 2);
            tenant.negatives().withdraw(NegativeKind.HIDE, anna, EntityId.of(2), WriteOptions.DEFAULT);
            Position started = tenant.sessions().start(session, anna, WriteOptions.DEFAULT);
            Parts parts = new Parts();
            parts.take(tidal);
            Tenant restored = tidal.restore(parts, RestoreOptions.DEFAULT.as(TenantId.of(8)));
            assertThat(restored.top("view", 10, anna.value()))
                    .extracting(each -> each.entity().value())
                    .containsExactly(2L);
            assertThat(restored.sessions().start(session, anna, WriteOptions.DEFAULT))
                    .isNotEqualTo(started);
            assertThat(restored.sessions().read(session, ReadOptions.DEFAULT).entries())
                    .hasSize(1);
            restored.negatives().withdraw(NegativeKind.HIDE, anna, EntityId.of(1), WriteOptions.DEFAULT);
            assertThat(restored.top("view", 10, anna.value())).hasSize(2);
            assertThat(tenant.top("view", 10, anna.value())).hasSize(1);
        }
    }
}
