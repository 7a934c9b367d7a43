package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.wal.file.FileWalStoreFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("R-61, F-13: a process that is killed at a step of a migration")
class MigrationHaltTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final MigrationOptions OPTIONS =
            new MigrationOptions(OptionalLong.empty(), Duration.ofSeconds(5), Optional.of(Duration.ZERO), false, false);

    private static final List<MigrationState> ON_THE_WAY = List.of(
            MigrationState.PREPARING,
            MigrationState.DUAL_WRITE,
            MigrationState.VERIFYING,
            MigrationState.CUTOVER,
            MigrationState.DRAINING,
            MigrationState.HOLD,
            MigrationState.GC,
            MigrationState.COMPLETE);

    @TempDir
    Path directory;

    /** A node, and where its process ends. */
    record Case(int victim, String at) {

        @Override
        public String toString() {
            String role = victim == 0 ? "source" : victim == 2 ? "target" : "neither";
            return role + " at " + at;
        }
    }

    static Stream<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (MigrationState state : ON_THE_WAY) {
            for (String when : List.of("before", "after")) {
                for (int victim : new int[] {0, 2, 1}) {
                    all.add(new Case(victim, "MIGRATION:" + state + ":" + when));
                }
            }
        }
        return Boolean.getBoolean("tidal.halts.all")
                ? all.stream()
                : Stream.of(new Case(0, "MIGRATION:CUTOVER:after"), new Case(2, "MIGRATION:DRAINING:before"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    @DisplayName("nothing is lost, nothing is there twice, and it goes on to its end by itself")
    void goesOn(Case halt) throws Exception {
        int[] others = Stream.of(0, 1, 2)
                .filter(node -> node != halt.victim)
                .mapToInt(node -> node)
                .toArray();
        try (Members members = new Members(directory)) {
            members.configure(builder -> builder.lease(Duration.ofSeconds(2)).returnAfter(Duration.ofHours(1)));
            CompletableFuture<Void> here = CompletableFuture.runAsync(() -> members.start(others));
            try (HaltingNode node = HaltingNode.start(directory, halt.victim, members.founders(), halt.at)) {
                node.awaitServing();
                here.join();
                move(members, halt, node, others);
            }
        }
    }

    private void move(Members members, Case halt, HaltingNode node, int... others) throws Exception {
        Tidal any = members.node(others[0]);
        any.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(SOURCE)
                .durability(Durability.MAJORITY)
                .build());
        try (MemberWriter client = new MemberWriter(
                TENANT,
                (tenant, entity) -> tenant.read("view", entity, ReadOptions.DEFAULT),
                any,
                members.node(others[1]))) {
            client.awaitMore();
            long id = any.migrations().start(TENANT, SOURCE, TARGET, OPTIONS);
            assertThat(node.exitCode()).isEqualTo(HaltingControlLog.HALTED);
            try (HaltingNode again = HaltingNode.start(directory, halt.victim, members.founders(), null)) {
                again.awaitServing();
                Await.passes(() -> assertThat(any.migrations().find(id).orElseThrow())
                        .returns(MigrationState.COMPLETE, MigrationStatus::state));
                client.awaitMore();
                assertAll(any, client.end());
                assertThat(any.tenant(TENANT).orElseThrow().placement())
                        .allMatch(leader -> leader.shard().equals(TARGET.shard()));
            }
        }
        assertSourceEmpty();
    }

    private static void assertAll(Tidal any, int written) {
        Await.passes(
                () -> assertThat(any.tenant(TENANT).orElseThrow().total("view")).isEqualTo(written));
        List<RecordedSignal> all = new ArrayList<>();
        any.tenant(TENANT).orElseThrow().export(all::add);
        assertThat(all.stream().map(signal -> signal.entity().value()).distinct())
                .hasSize(written);
        assertThat(all).hasSize(written);
    }

    private void assertSourceEmpty() {
        List<LogId> left = new ArrayList<>();
        for (int node = 0; node < Members.FOUNDERS; node++) {
            Path directoryOf = directory.resolve(Members.name(node).name());
            new FileWalStoreFactory().inspect(directoryOf, new WalInspection() {
                @Override
                public void file(String file, long bytes) {}

                @Override
                public void batch(LogId log, String file, long offset, WalBatch batch) {
                    if (log.tenant().equals(TENANT) && log.holder().equals(SOURCE.shard())) {
                        left.add(log);
                    }
                }

                @Override
                public void tornTail(String file, long offset, long bytes) {}

                @Override
                public void damage(String file, long offset, String expected, String actual) {}
            });
        }
        assertThat(left).isEmpty();
    }
}
