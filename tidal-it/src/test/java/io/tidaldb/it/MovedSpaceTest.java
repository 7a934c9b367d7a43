package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.control.MigrationState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("R-60: the disk of a node from which a tenant was moved")
class MovedSpaceTest {

    private static final TenantId MOVED = TenantId.of(42);
    private static final TenantId STAYS = TenantId.of(43);
    private static final String CANARY = "canary-77c02e94ab1f";
    private static final ReplicaId HERE = ReplicaId.parse("r0:s0");
    private static final ReplicaId THERE = ReplicaId.parse("r1:s1");

    /** Of the tenant's logs alone; its checkpoint comes to that. */
    private static final long LEAST_BYTES = 40L * Canaries.SIGNALS;

    /** What a node notes of its own, and the store of its files. */
    private static final long SLACK = 100_000;

    /** A file store's journal has one file that it writes, and the next one. */
    private static final long JOURNAL_BYTES = 2L * (32 << 20);

    @TempDir
    Path directory;

    private Tidal open(String wal) {
        return Tidal.builder()
                .dataDir(directory)
                .wal(wal)
                .topology(Topology.regions(2).shards(2))
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private static Tenant created(Tidal tidal, TenantId id, String name) {
        Tenant tenant =
                tidal.createTenant(TenantConfig.builder(id).pinnedShards(HERE).build());
        Canaries.fill(tenant, name);
        return tenant;
    }

    private static MigrationOptions options(OptionalLong maxBytesPerSecond) {
        return new MigrationOptions(maxBytesPerSecond, Duration.ofSeconds(5), Optional.of(Duration.ZERO), false, false);
    }

    private static void move(Tidal tidal, ReplicaId from, ReplicaId to) {
        long id = tidal.migrations().start(MOVED, from, to, options(OptionalLong.empty()));
        MigrationMatrixTest.awaitState(tidal, id, MigrationState.COMPLETE);
    }

    /** Returns the bytes of a node's files, but for those of a journal. */
    private long bytes(String node) {
        return Trees.files(directory.resolve(node)).stream()
                .filter(file -> !isJournal(file))
                .mapToLong(Trees::size)
                .sum();
    }

    private long journalBytes(String node) {
        return Trees.files(directory.resolve(node)).stream()
                .filter(MovedSpaceTest::isJournal)
                .mapToLong(Trees::size)
                .sum();
    }

    private static boolean isJournal(Path file) {
        return file.toString().endsWith(".jnl");
    }

    private List<String> holding(String node) throws IOException {
        return new Canaries(directory.resolve(node), List.of(CANARY)).holding();
    }

    private void assertNothingLeft(String node, long before) throws IOException {
        assertThat(holding(node)).isEmpty();
        assertThat(bytes(node)).isLessThan(before + SLACK);
        assertThat(journalBytes(node)).isLessThanOrEqualTo(JOURNAL_BYTES);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "has room for as much as before once the move is complete, and no file there has a byte of it, however often it comes and goes")
    void isGivenBack(String wal) throws IOException {
        try (Tidal tidal = open(wal)) {
            created(tidal, STAYS, "other-");
        }
        // What was in the journal alone is in the tenant's own files now.
        try (Tidal tidal = open(wal)) {
            long before = bytes("n0");
            long elsewhere = bytes("n1");
            Tenant moved = created(tidal, MOVED, CANARY);
            tidal.checkpoint();
            assertThat(bytes("n0")).isGreaterThan(before + LEAST_BYTES);
            for (int i = 0; i < 3; i++) {
                move(tidal, HERE, THERE);
                assertNothingLeft("n0", before);
                assertThat(holding("n1")).isNotEmpty();
                move(tidal, THERE, HERE);
                assertNothingLeft("n1", elsewhere);
            }
            assertThat(moved.total("view")).isEqualTo(Canaries.SIGNALS);
            assertThat(tidal.tenant(STAYS).orElseThrow().total("view")).isEqualTo(Canaries.SIGNALS);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("and that of the target, where the move was given up half way")
    void isGivenUp(String wal) throws IOException {
        try (Tidal tidal = open(wal)) {
            created(tidal, MOVED, CANARY);
            long before = bytes("n1");
            long id = tidal.migrations().start(MOVED, HERE, THERE, options(OptionalLong.of(LEAST_BYTES / 4)));
            Await.passes(
                    () -> assertThat(tidal.migrations().find(id).orElseThrow().bytes())
                            .isGreaterThan(LEAST_BYTES / 10));
            tidal.migrations().abort(id);
            MigrationMatrixTest.awaitState(tidal, id, MigrationState.ABORTED);
            assertNothingLeft("n1", before);
            assertThat(tidal.tenant(MOVED).orElseThrow().total("view")).isEqualTo(Canaries.SIGNALS);
        }
    }
}
