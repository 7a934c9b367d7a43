package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-81: replicas in three regions, over real threads and files")
class ReplicationMatrixTest {

    private static final TenantId TENANT = TenantId.of(7);

    @TempDir
    Path directory;

    private final Cell cell;

    ReplicationMatrixTest(Cell cell) {
        this.cell = cell;
    }

    private Tidal open() {
        return cell.builder(directory)
                .topology(Topology.regions(3).shardsPerRegion(3))
                .signal("view", Duration.ofDays(7))
                .open();
    }

    @Test
    @DisplayName("R-31, R-35: what is written in one region is read in the others, which say how stale they are")
    void followersServeReads() {
        try (Tidal tidal = open()) {
            Tenant tenant =
                    tidal.createTenant(TenantConfig.builder(TENANT).slots(3).build());
            for (long entity = 0; entity < 100; entity++) {
                tenant.record("view", entity, 1);
            }
            Await.noLag(tidal);
            for (int region = 0; region < 3; region++) {
                ReadOptions there = ReadOptions.DEFAULT.in(RegionId.of(region));
                for (long entity = 0; entity < 100; entity++) {
                    Reading reading = tenant.read("view", entity, there);
                    assertThat(reading.count()).isOne();
                    assertThat(reading.replica().region()).isEqualTo(RegionId.of(region));
                }
            }
        }
    }

    @Test
    @DisplayName("R-36: a follower that was away catches up, in the same process and after all of them stopped")
    void followerCatchesUp() {
        NodeId away = NodeId.of("n2");
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .build());
            tenant.record("view", 1, 1);
            Await.noLag(tidal);
            tidal.crashNode(away);
            for (int i = 0; i < 100; i++) {
                tenant.recordAll(LongStream.range(0, 1_000)
                        .mapToObj(entity -> Signal.of("view", entity, 1))
                        .toList());
            }
            tidal.startNode(away);
            Await.noLag(tidal);
            assertThat(tenant.read("view", 1, ReadOptions.DEFAULT.in(RegionId.of(2)))
                            .count())
                    .isEqualTo(101);
        }
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThat(tenant.read("view", 1, ReadOptions.DEFAULT.in(RegionId.of(2)))
                            .count())
                    .isEqualTo(101);
            Await.noLag(tidal);
        }
    }

    @Test
    @DisplayName(
            "A write that asks for a majority survives the loss of one node, and one that asks for all waits for it")
    void durabilityLevels() {
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .durability(Durability.MAJORITY)
                    .build());
            tenant.record("view", 1, 1);
            List<Signal> one = List.of(Signal.of("view", 1, 1));
            tenant.recordAll(one, WriteOptions.DEFAULT.with(Durability.ALL));
            tidal.crashNode(NodeId.of("n1"));
            tenant.record("view", 1, 1);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tenant.recordAll(
                            one, WriteOptions.DEFAULT.with(Durability.ALL).with(Duration.ofMillis(200))))
                    .satisfies(late -> assertThat(late.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED));
            tidal.startNode(NodeId.of("n1"));
            tenant.recordAll(one, WriteOptions.DEFAULT.with(Durability.ALL));
            assertThat(tenant.read("view", 1, ReadOptions.DEFAULT.in(RegionId.of(1)))
                            .count())
                    .isEqualTo(5);
        }
    }

    @Test
    @DisplayName(
            "R-52: what a lost leader had acknowledged and not shipped counts once it is back, and a retried write counts once")
    void theTailOfALostLeaderIsAdopted() {
        ReplicaId first = ReplicaId.parse("r0:s0");
        ReplicaId second = ReplicaId.parse("r1:s0");
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.createTenant(
                    TenantConfig.builder(TENANT).pinnedShards(first).build());
            tenant.record("view", 1, 1);
            Await.noLag(tidal);
            tidal.crashNode(NodeId.of("n1"));
            tidal.crashNode(NodeId.of("n2"));
            IdempotencyKey key = new IdempotencyKey(1, 2);
            tenant.record("view", 2, 1);
            tenant.recordAll(List.of(Signal.of("view", 3, 1)), WriteOptions.DEFAULT.with(key));
            tidal.crashNode(NodeId.of("n0"));

            tidal.startNode(NodeId.of("n1"));
            tidal.startNode(NodeId.of("n2"));
            tidal.promote(TENANT, second);
            assertThat(tenant.placement()).containsExactly(second);
            tenant.recordAll(List.of(Signal.of("view", 3, 1)), WriteOptions.DEFAULT.with(key));
            tenant.record("view", 4, 1);
            assertThat(tenant.total("view")).isEqualTo(3);

            tidal.startNode(NodeId.of("n0"));
            for (RegionId region : List.of(RegionId.of(0), RegionId.of(1), RegionId.of(2))) {
                ReadOptions there = ReadOptions.DEFAULT.in(region);
                Await.until(() -> LongStream.rangeClosed(1, 4)
                        .allMatch(entity -> tenant.read("view", entity, there).count() == 1));
            }
            List<Long> exported = new ArrayList<>();
            tenant.export(signal -> exported.add(signal.entity().value()));
            assertThat(exported).containsExactlyInAnyOrder(1L, 2L, 3L, 4L);
            assertThat(tenant.verifyUsage().matches()).isTrue();
            tidal.promote(TENANT, first);
            tenant.record("view", 5, 1);
            assertThat(tenant.total("view")).isEqualTo(5);
        }
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThat(tenant.placement()).containsExactly(first);
            assertThat(tenant.total("view")).isEqualTo(5);
            tenant.record("view", 6, 1);
            Await.noLag(tidal);
            assertThat(tenant.read("view", 6, ReadOptions.DEFAULT.in(RegionId.of(2)))
                            .count())
                    .isOne();
        }
    }

    @Test
    @DisplayName("F-70: a tenant that was deleted while a node was away does not come back to another one with its id")
    void theFormerTenantStaysErased() {
        NodeId away = NodeId.of("n2");
        try (Tidal tidal = open()) {
            Tenant former = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .durability(Durability.ALL)
                    .build());
            former.recordAll(List.of(Signal.of("view", 1, 1), Signal.of("view", "secret", 1)));
            tidal.crashNode(away);
            tidal.deleteTenant(TENANT);
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .build());
            tenant.record("view", 2, 1);
            tidal.startNode(away);
            tenant.recordAll(List.of(Signal.of("view", 3, 1)), WriteOptions.DEFAULT.with(Durability.ALL));
            ReadOptions there = ReadOptions.DEFAULT.in(RegionId.of(2));
            assertThat(LongStream.rangeClosed(1, 3)
                            .map(entity -> tenant.read("view", entity, there).count()))
                    .containsExactly(0L, 1L, 1L);
            assertThat(tenant.compareReplicas(false)).hasSize(2).allMatch(ReplicaComparison::isEqual);
            assertThatExceptionOfType(TidalException.class).isThrownBy(() -> former.record("view", 1, 1));
        }
        try (Tidal tidal = open()) {
            assertThat(tidal.tenant(TENANT).orElseThrow().total("view")).isEqualTo(2);
        }
    }

    @Test
    @DisplayName("F-11: replicas are compared bit for bit while writes go on")
    void comparison() {
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s1"))
                    .durability(Durability.ALL)
                    .build());
            for (int i = 0; i < 5; i++) {
                tenant.recordAll(LongStream.range(0, 1_000)
                        .mapToObj(entity -> Signal.of("view", entity, 1))
                        .toList());
                assertThat(tenant.compareReplicas(true)).hasSize(4).allSatisfy(replica -> {
                    assertThat(replica.isEqual()).isTrue();
                    assertThat(replica.repaired()).isZero();
                });
            }
            tidal.crashNode(NodeId.of("n2"));
            assertThat(tenant.compareReplicas(false))
                    .filteredOn(replica -> replica.replica().region().equals(RegionId.of(2)))
                    .allSatisfy(replica -> assertThat(replica.known()).isFalse());
        }
    }

    @Test
    @DisplayName("A write that nobody waits for is answered at its deadline, too, and gives its room in the queue back")
    void deadlineOfAnAsynchronousWrite() {
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .build());
            tidal.crashNode(NodeId.of("n1"));
            List<Signal> one = List.of(Signal.of("view", 1, 1));
            WriteOptions all = WriteOptions.DEFAULT
                    .with(Durability.ALL)
                    .with(Duration.ofMillis(300))
                    .with(new IdempotencyKey(1, 2));
            assertThat(tenant.recordAllAsync(one, all).toCompletableFuture())
                    .failsWithin(Duration.ofSeconds(30))
                    .withThrowableOfType(ExecutionException.class)
                    .havingCause()
                    .isInstanceOfSatisfying(
                            TidalException.class,
                            late -> assertThat(late.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED));
            tidal.startNode(NodeId.of("n1"));
            tenant.recordAll(one, all.with(Duration.ofSeconds(30)));
            assertThat(tenant.read("view", 1, ReadOptions.DEFAULT).count()).isOne();
        }
    }
}
