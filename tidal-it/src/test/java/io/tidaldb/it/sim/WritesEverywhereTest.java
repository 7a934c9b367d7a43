package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.check.StateCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-42: A tenant that is written in every region")
class WritesEverywhereTest {

    private static final RegionId R0 = RegionId.of(0);
    private static final RegionId R1 = RegionId.of(1);
    private static final RegionId R2 = RegionId.of(2);
    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    private static SimulatedCluster cluster() {
        return SimulatedCluster.builder()
                .signal("view", Duration.ofDays(7))
                .regions(3)
                .shardsPerRegion(2)
                .open();
    }

    private static TenantConfig.Builder config() {
        return TenantConfig.builder(TenantId.of(1)).writes(WriteMode.EVERYWHERE).slots(2);
    }

    private static Position write(Tenant tenant, RegionId region, long entity, int times) {
        List<Signal> signals = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            signals.add(Signal.of("view", entity, 1.5));
        }
        return tenant.recordAll(signals, WriteOptions.DEFAULT.in(region));
    }

    private static Reading read(Tenant tenant, RegionId region, long entity) {
        return tenant.read("view", entity, ReadOptions.DEFAULT.in(region));
    }

    private static void converge(SimulatedCluster cluster) {
        cluster.awaitFullConvergence(TEN_SECONDS);
        // What was accepted twice is taken back in a log of its own.
        cluster.advance(Duration.ofSeconds(2));
        cluster.awaitFullConvergence(TEN_SECONDS);
        new StateCheck(cluster).check();
    }

    @Test
    @DisplayName("takes writes on both sides of a partition, says so, and is the same everywhere once it is healed")
    void bothSides() {
        try (SimulatedCluster cluster = cluster()) {
            Tenant tenant = cluster.tidal().createTenant(config().build());
            assertThat(write(tenant, R0, 7, 1).records())
                    .allMatch(record -> record.origin().region().equals(R0));
            converge(cluster);
            SimulatedCluster.Partition partition = cluster.injectPartition(R0, R1);
            SimulatedCluster.Partition other = cluster.injectPartition(R0, R2);
            assertThat(write(tenant, R1, 7, 2).records())
                    .allMatch(record -> record.origin().region().equals(R1));
            write(tenant, R0, 7, 3);
            write(tenant, R2, 8, 4);
            cluster.advance(Duration.ofSeconds(5));
            assertThat(read(tenant, R0, 7).count()).isEqualTo(4);
            assertThat(read(tenant, R1, 7).count()).isEqualTo(3);
            assertThat(read(tenant, R2, 7).count()).isEqualTo(3);
            assertThat(read(tenant, R1, 8).count()).isEqualTo(4);
            assertThat(read(tenant, R0, 7).staleness()).isGreaterThan(Duration.ofSeconds(4));
            assertThat(read(tenant, R1, 7).staleness()).isGreaterThan(Duration.ofSeconds(4));
            partition.close();
            other.close();
            converge(cluster);
            for (RegionId region : List.of(R0, R1, R2)) {
                assertThat(read(tenant, region, 7).count()).isEqualTo(6);
                assertThat(read(tenant, region, 8).count()).isEqualTo(4);
                assertThat(read(tenant, region, 7).staleness()).isLessThan(Duration.ofSeconds(2));
            }
            assertThat(tenant.compareReplicas(false))
                    .allMatch(each -> each.known() && each.differingBuckets().isEmpty());
            assertThatThrownBy(() -> tenant.compareReplicas(true)).hasMessageContaining("can't be repaired");
            assertThatThrownBy(() -> cluster.tidal()
                            .migrations()
                            .start(
                                    tenant.id(),
                                    tenant.placement().get(0),
                                    tenant.placement().get(1),
                                    MigrationOptions.DEFAULT))
                    .hasMessageContaining("can't be moved: each of its replicas takes writes");
        }
    }

    @Test
    @DisplayName("counts a write once that was accepted on both sides under one key, and after a crash")
    void sameKeyOnBothSides() {
        try (SimulatedCluster cluster = cluster()) {
            Tenant tenant = cluster.tidal().createTenant(config().build());
            SimulatedCluster.Partition partition = cluster.injectPartition(R0, R1);
            SimulatedCluster.Partition second = cluster.injectPartition(R2, R1);
            for (int i = 0; i < 20; i++) {
                WriteOptions once = WriteOptions.DEFAULT.with(new IdempotencyKey(7, i));
                List<Signal> signals = List.of(Signal.of("view", i, 2), Signal.of("view", i + 1, 1));
                tenant.recordAll(signals, once.in(R0));
                tenant.recordAll(signals, once.in(R1));
            }
            assertThat(tenant.total("view")).isEqualTo(40);
            partition.close();
            second.close();
            converge(cluster);
            for (RegionId region : List.of(R0, R1, R2)) {
                assertThat(read(tenant, region, 0).count()).isEqualTo(1);
                assertThat(read(tenant, region, 5).count()).isEqualTo(2);
            }
            assertThat(tenant.total("view")).isEqualTo(40);
            assertThat(tenant.verifyUsage().matches()).isTrue();
            List<Long> exported = new ArrayList<>();
            tenant.export(signal -> exported.add(signal.entity().value()));
            assertThat(exported).hasSize(40);
            cluster.tidal().checkpoint();
            cluster.crash(cluster.followerIn(R1));
            cluster.restart(cluster.followerIn(R1));
            converge(cluster);
            assertThat(read(tenant, R1, 5).count()).isEqualTo(2);
            // A retry is told where the write is that counts.
            WriteOptions again = WriteOptions.DEFAULT.with(new IdempotencyKey(7, 3));
            List<Signal> signals = List.of(Signal.of("view", 3, 2), Signal.of("view", 4, 1));
            assertThat(tenant.recordAll(signals, again.in(R1)).records())
                    .isEqualTo(tenant.recordAll(signals, again.in(R0)).records());
            assertThat(tenant.total("view")).isEqualTo(40);
        }
    }

    @Test
    @DisplayName(
            "keeps both of what one side wrote as signals and the other to a session under one key, and says that it is used")
    void oneKeyForTwoKinds() {
        try (SimulatedCluster cluster = cluster()) {
            Tenant tenant = cluster.tidal().createTenant(config().build());
            SessionId session = SessionId.of(9);
            WriteOptions once = WriteOptions.DEFAULT.with(new IdempotencyKey(4, 2));
            List<Signal> signals = List.of(Signal.of("view", 5, 2));
            List<SimulatedCluster.Partition> cuts = List.of(
                    cluster.injectPartition(R0, R1), cluster.injectPartition(R0, R2), cluster.injectPartition(R1, R2));
            tenant.recordAll(signals, once.in(R0));
            tenant.sessions().start(session, EntityId.of(1), once.in(R1));
            tenant.recordAll(signals, once.in(R2));
            tenant.negatives()
                    .add(
                            NegativeKind.HIDE,
                            EntityId.of(1),
                            EntityId.of(5),
                            WriteOptions.DEFAULT.with(new IdempotencyKey(4, 3)).in(R2));
            tenant.recordAll(
                    List.of(Signal.of("view", 6, 1)),
                    WriteOptions.DEFAULT.with(new IdempotencyKey(4, 3)).in(R0));
            cuts.forEach(SimulatedCluster.Partition::close);
            converge(cluster);
            for (RegionId region : List.of(R0, R1, R2)) {
                ReadOptions there = ReadOptions.DEFAULT.in(region);
                assertThat(read(tenant, region, 5).count()).isEqualTo(1);
                assertThat(tenant.sessions().read(session, there).entries()).hasSize(1);
                assertThat(tenant.negatives().visible(EntityId.of(1), List.of(EntityId.of(5)), there))
                        .isEmpty();
                assertThatExceptionOfType(TidalException.class)
                        .isThrownBy(() -> tenant.recordAll(List.of(Signal.of("view", 6, 1)), once.in(region)))
                        .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.IDEMPOTENCY_KEY_REUSED));
            }
            assertThat(cluster.tidal().reconciliation(tenant.id()).isDone()).isTrue();
            List<String> acts = new ArrayList<>();
            tenant.exportActs(act -> acts.add(act.getClass().getSimpleName()));
            assertThat(acts).containsExactlyInAnyOrder("InSession", "Hidden");
            cluster.tidal().checkpoint();
            cluster.crash(cluster.followerIn(R1));
            cluster.restart(cluster.followerIn(R1));
            converge(cluster);
            assertThat(read(tenant, R1, 5).count()).isEqualTo(1);
            assertThat(cluster.tidal().reconciliation(tenant.id()).isDone()).isTrue();
        }
    }

    private static Set<Long> exported(Tenant tenant) {
        Set<Long> entities = new TreeSet<>();
        tenant.export(signal -> entities.add(signal.entity().value()));
        return entities;
    }

    @Test
    @DisplayName(
            "drops of its logs what all members hold and no key in memory may call back, and nothing else, and goes on after a crash")
    void truncated() {
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .signal("view", Duration.ofDays(7))
                .regions(3)
                .retention(Duration.ofSeconds(1), Duration.ofSeconds(1))
                .idempotencyHorizon(Duration.ofSeconds(20))
                .open()) {
            Tenant tenant = cluster.tidal()
                    .createTenant(TenantConfig.builder(TenantId.of(1))
                            .writes(WriteMode.EVERYWHERE)
                            .build());
            WriteOptions once = WriteOptions.DEFAULT.with(new IdempotencyKey(1, 1));
            write(tenant, R0, 1, 3);
            cluster.advance(Duration.ofSeconds(5));
            SimulatedCluster.Partition cut = cluster.injectPartition(R0, R1);
            SimulatedCluster.Partition second = cluster.injectPartition(R0, R2);
            tenant.recordAll(List.of(Signal.of("view", 2, 1)), once.in(R0));
            tenant.recordAll(List.of(Signal.of("view", 2, 1)), once.in(R1));
            // Longer than keys are remembered where everybody is heard of.
            cluster.advance(Duration.ofSeconds(30));
            write(tenant, R1, 3, 1);
            cluster.tidal().checkpoint();
            assertThat(exported(tenant)).contains(2L);
            cut.close();
            second.close();
            converge(cluster);
            assertThat(read(tenant, R2, 2).count()).isEqualTo(1);
            cluster.advance(Duration.ofSeconds(60));
            write(tenant, R0, 4, 1);
            write(tenant, R1, 4, 1);
            cluster.advance(Duration.ofSeconds(2));
            cluster.tidal().checkpoint();
            assertThat(exported(tenant)).doesNotContain(1L, 2L);
            cluster.crash(cluster.followerIn(R1));
            cluster.restart(cluster.followerIn(R1));
            cluster.awaitFullConvergence(TEN_SECONDS);
            new StateCheck(cluster).compare();
            for (RegionId region : List.of(R0, R1, R2)) {
                assertThat(read(tenant, region, 1).count()).isEqualTo(3);
                assertThat(read(tenant, region, 2).count()).isEqualTo(1);
                assertThat(read(tenant, region, 4).count()).isEqualTo(2);
            }
            assertThat(cluster.tidal().reconciliation(tenant.id()).isDone()).isTrue();
        }
    }

    @Test
    @DisplayName("says before it is healed what each replica lacks, and nothing when all are equal")
    void plan() {
        try (SimulatedCluster cluster = cluster()) {
            Tenant tenant = cluster.tidal().createTenant(config().build());
            write(tenant, R1, 7, 1);
            converge(cluster);
            assertThat(cluster.tidal().reconciliation(null).isDone()).isTrue();
            List<SimulatedCluster.Partition> cuts =
                    List.of(cluster.injectPartition(R0, R1), cluster.injectPartition(R0, R2));
            write(tenant, R0, 7, 3);
            write(tenant, R1, 7, 2);
            cluster.advance(TEN_SECONDS);
            Reconciliation plan = cluster.tidal().reconcile(tenant.id());
            assertThat(plan.isDone()).isFalse();
            assertThat(plan.slots().stream()
                            .flatMap(slot -> slot.steps().stream())
                            .map(step -> step.action() + " " + step.from() + " " + step.to() + " " + step.count()))
                    .hasSize(3)
                    .allMatch(step -> step.startsWith("SHIP r"))
                    .anyMatch(step -> step.matches("SHIP r[12]:s\\d r0:s\\d [23]"))
                    .anyMatch(step -> step.matches("SHIP r0:s\\d r1:s\\d [34]"));
            cuts.forEach(SimulatedCluster.Partition::close);
            converge(cluster);
            Reconciliation done = cluster.tidal().reconcile(tenant.id());
            assertThat(done.isDone()).isTrue();
            assertThat(done.slots())
                    .allSatisfy(slot -> assertThat(slot.replicas())
                            .extracting(Reconciliation.Replica::digest)
                            .hasSize(3)
                            .doesNotContainNull()
                            .allMatch(digest -> digest.matches("[0-9a-f]{32}"))
                            .containsOnly(slot.replicas().get(0).digest()));
        }
    }

    @Test
    @DisplayName("reaches who is cut off from its writer by way of another one")
    void partialPartition() {
        try (SimulatedCluster cluster = cluster()) {
            Tenant tenant = cluster.tidal().createTenant(config().build());
            try (SimulatedCluster.Partition partition = cluster.injectPartition(R0, R2)) {
                write(tenant, R0, 7, 3);
                write(tenant, R2, 7, 2);
                cluster.advance(Duration.ofSeconds(5));
                for (RegionId region : List.of(R0, R1, R2)) {
                    assertThat(read(tenant, region, 7).count()).isEqualTo(5);
                }
            }
            converge(cluster);
        }
    }

    @Test
    @DisplayName("is held to its caps in each region by itself, whether others can be reached or not")
    void caps() {
        try (SimulatedCluster cluster = cluster()) {
            Tenant tenant = cluster.tidal()
                    .createTenant(
                            config().maxSignalsPerSecond(10).maxEntities(3).build());
            SimulatedCluster.Partition partition = cluster.injectPartition(R0, R1);
            for (RegionId region : List.of(R0, R1)) {
                for (int i = 0; i < 20; i++) {
                    write(tenant, region, region.value() * 3L + i % 3, 1);
                }
                assertThatExceptionOfType(QuotaExceededException.class)
                        .isThrownBy(() -> write(tenant, region, region.value() * 3L, 1))
                        .satisfies(refusal ->
                                assertThat(refusal.quota()).isEqualTo(QuotaExceededException.Quota.SIGNALS_PER_SECOND));
            }
            cluster.advance(Duration.ofSeconds(5));
            assertThatExceptionOfType(QuotaExceededException.class)
                    .isThrownBy(() -> write(tenant, R0, 99, 1))
                    .satisfies(refusal -> assertThat(refusal.quota()).isEqualTo(QuotaExceededException.Quota.ENTITIES));
            partition.close();
            converge(cluster);
            assertThat(read(tenant, R2, 4).count()).isEqualTo(7);
        }
    }

    @Test
    @DisplayName("is refused what it can't have")
    void refusals() {
        try (SimulatedCluster cluster = cluster()) {
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> cluster.tidal()
                            .createTenant(
                                    config().durability(Durability.MAJORITY).build()))
                    .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNSUPPORTED))
                    .withMessageContaining("each region takes writes by itself: expected LOCAL");
            Tenant tenant = cluster.tidal()
                    .createTenant(config().requiredRegions(R0, R1).build());
            List<Signal> one = List.of(Signal.of("view", 1, 1));
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tenant.recordAll(one, WriteOptions.DEFAULT.with(Durability.ALL)))
                    .withMessageContaining("durability ALL can't be had: expected LOCAL");
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tenant.recordAll(one, WriteOptions.DEFAULT.in(R2)))
                    .withMessageContaining("expected one of [r0, r1]");
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> cluster.tidal()
                            .updateTenant(config().requiredRegions(R0, R1)
                                    .writes(WriteMode.SINGLE)
                                    .build()))
                    .withMessageContaining("can't be changed");
            Tenant led = cluster.tidal()
                    .createTenant(TenantConfig.builder(TenantId.of(2)).build());
            RegionId elsewhere = led.placement().get(0).region().equals(R0) ? R1 : R0;
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> led.recordAll(one, WriteOptions.DEFAULT.in(elsewhere)))
                    .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNSUPPORTED));
        }
    }
}
