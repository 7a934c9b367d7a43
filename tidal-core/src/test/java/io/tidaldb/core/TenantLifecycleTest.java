package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.tenant.EmbeddedTenant;
import io.tidaldb.testkit.FaultyWalStores.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A tenant's life")
class TenantLifecycleTest {

    private static final TenantId OTHER = TenantId.of(43);

    @TempDir
    Path directory;

    private Drill drill;
    private Tidal tidal;

    @BeforeEach
    void open() {
        drill = new Drill(directory);
        tidal = drill.open();
    }

    private void reopen(Runnable end) {
        end.run();
        tidal = drill.open();
    }

    private Tenant tenant() {
        return tidal.tenant(Drill.TENANT).orElseThrow();
    }

    private static TenantConfig.Builder config() {
        return TenantConfig.builder(Drill.TENANT);
    }

    // Create and change

    @Test
    @DisplayName("R-20: what a tenant was created with is there after a crash")
    void configurationIsKept() {
        TenantConfig config = config().label("acme")
                .maxSignalsPerSecond(100)
                .burst(30)
                .reservedSignalsPerSecond(5)
                .maxEntities(1_000)
                .maxStorageBytes(1_000_000)
                .requiredRegions(RegionId.of(0))
                .durability(io.tidaldb.api.Durability.ASYNC)
                .hold(Duration.ofHours(3))
                .build();
        tidal.createTenant(config);
        assertThat(tenant().config()).isEqualTo(config);
        reopen(tidal::abandon);
        assertThat(tenant().config()).isEqualTo(config);
        TenantConfig changed =
                config.toBuilder().label("acme & co").maxEntities(7).build();
        tidal.updateTenant(changed);
        assertThat(tenant().config()).isEqualTo(changed);
        reopen(tidal::abandon);
        assertThat(tenant().config()).isEqualTo(changed);
        tidal.updateTenant(changed.toBuilder().label("default").build());
        reopen(tidal::close);
        assertThat(tenant().config().label()).isEqualTo("default");
    }

    @Test
    @DisplayName("R-20: a tenant exists once, and what can't change is refused")
    void refusals() {
        tidal.createTenant(config().label("acme").build());
        Drill.fails(ErrorCode.TENANT_EXISTS, () -> tidal.createTenant(config().build()));
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> tidal.createTenant(
                        TenantConfig.builder(OTHER).label("acme").build()));
        assertThat(tidal.tenant(OTHER)).isEmpty();
        Drill.fails(
                ErrorCode.TENANT_NOT_FOUND,
                () -> tidal.updateTenant(TenantConfig.builder(OTHER).build()));
        Drill.fails(ErrorCode.TENANT_NOT_FOUND, () -> tidal.deleteTenant(OTHER));
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> tidal.updateTenant(config().slots(2).build()));
        Drill.fails(
                ErrorCode.RESIDENCY_UNSATISFIABLE,
                () -> tidal.updateTenant(
                        config().requiredRegions(RegionId.of(1)).build()));
        tidal.createTenant(TenantConfig.builder(OTHER).label("other").build());
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> tidal.updateTenant(config().label("other").build()));
        assertThat(tenant().config().label()).isEqualTo("acme");
        assertThat(tidal.tenantLabelled("acme")).map(Tenant::id).contains(Drill.TENANT);
        assertThat(tidal.tenantLabelled("nobody")).isEmpty();
    }

    @Test
    @DisplayName("R-20: levels that need replicas are refused")
    void levelsThatNeedReplicas() {
        Drill.fails(
                ErrorCode.UNSUPPORTED,
                () -> tidal.createTenant(
                        config().durability(io.tidaldb.api.Durability.MAJORITY).build()));
        Tenant tenant = tidal.createTenant(config().build());
        Drill.fails(
                ErrorCode.UNSUPPORTED,
                () -> tenant.recordAll(
                        List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(io.tidaldb.api.Durability.ALL)));
        assertThat(tenant.total("view")).isZero();
    }

    // Names

    @Test
    @DisplayName("names live in the tenant's own log and are there after a crash, a checkpoint and a truncation")
    void names() {
        tidal.close();
        tidal = drill.durable().retention(Duration.ZERO).open();
        tidal.createTenant(config().build()).record("view", "IAH-LAX", 2);
        tidal.createTenant(TenantConfig.builder(OTHER).build()).record("view", "IAH-LAX", 3);
        for (Runnable end : List.<Runnable>of(() -> tidal.abandon(), () -> {
            drill.clock.advance(Duration.ofSeconds(1));
            tidal.checkpoint();
            tidal.abandon();
        })) {
            reopen(end);
            assertThat(tenant().score("view", "IAH-LAX")).isCloseTo(2, org.assertj.core.data.Offset.offset(1e-4));
            assertThat(tenant().top("view", 1).get(0).name()).isEqualTo("IAH-LAX");
            assertThat(tenant().score("view", "nobody")).isZero();
            assertThat(tenant().count("view", EntityNames.idOf("IAH-LAX").value(), Window.ONE_HOUR))
                    .isOne();
        }
    }

    @Test
    @DisplayName("a name whose id is another name's is refused and never merged, recorded, waiting or in one write")
    void collisions() {
        Tenant tenant = tidal.createTenant(config().build());
        EntityId id = EntityId.of(5);
        Signal first = new Signal("view", id, "first", 1, Signal.NOW);
        Signal second = new Signal("view", id, "second", 1, Signal.NOW);
        Drill.fails(ErrorCode.NAME_COLLISION, () -> tenant.recordAll(List.of(first, second)));
        drill.loops.hold();
        CompletableFuture<Position> one =
                tenant.recordAllAsync(List.of(first), WriteOptions.DEFAULT).toCompletableFuture();
        CompletableFuture<Position> two =
                tenant.recordAllAsync(List.of(second), WriteOptions.DEFAULT).toCompletableFuture();
        drill.loops.release();
        Drill.get(one);
        Drill.fails(ErrorCode.NAME_COLLISION, () -> Drill.get(two));
        Drill.fails(ErrorCode.NAME_COLLISION, () -> tenant.recordAll(List.of(second)));
        reopen(tidal::abandon);
        Drill.fails(ErrorCode.NAME_COLLISION, () -> tenant().recordAll(List.of(second)));
        tenant().recordAll(List.of(first));
        assertThat(tenant().total("view")).isEqualTo(2);
    }

    @Test
    @DisplayName("a name is recorded once, and by its number an entity can be recorded at any time")
    void nameOnce() {
        Tenant tenant = tidal.createTenant(config().build());
        long id = EntityNames.idOf("a").value();
        tenant.record("view", id, 1);
        assertThat(tenant.score("view", "a")).isZero();
        tenant.record("view", "a", 1);
        Position before = tenant.record("view", "a", 1);
        Position after = tenant.record("view", "a", 1);
        assertThat(after.records().get(0).seqno())
                .isEqualTo(before.records().get(0).seqno() + 1);
        assertThat(tenant.read("view", "a", ReadOptions.DEFAULT).count()).isEqualTo(4);
    }

    // Delete

    @Test
    @DisplayName("a deleted tenant is gone at once and for good, and its neighbours stay")
    void deletes() {
        Tenant tenant = tidal.createTenant(config().label("acme").build());
        Tenant other = tidal.createTenant(TenantConfig.builder(OTHER).build());
        tenant.record("view", "a name", 1);
        other.record("view", 1, 1);
        tidal.checkpoint();
        Path files = directory.resolve("tenants/42");
        assertThat(files).exists();

        tidal.deleteTenant(Drill.TENANT);

        assertThat(files).doesNotExist();
        assertThat(tidal.tenant(Drill.TENANT)).isEmpty();
        assertThat(tidal.tenantLabelled("acme")).isEmpty();
        Drill.fails(ErrorCode.TENANT_NOT_FOUND, () -> tenant.record("view", 1, 1));
        Drill.fails(ErrorCode.TENANT_NOT_FOUND, () -> tenant.score("view", 1));
        Drill.fails(ErrorCode.TENANT_NOT_FOUND, () -> tenant.total("view"));
        Drill.fails(ErrorCode.TENANT_NOT_FOUND, () -> tenant.export(signal -> {}));
        assertThat(other.total("view")).isOne();
        for (Runnable end : List.<Runnable>of(() -> tidal.abandon(), () -> tidal.close())) {
            reopen(end);
            assertThat(tidal.tenants()).extracting(Tenant::id).containsExactly(OTHER);
            assertThat(tidal.tenants().get(0).total("view")).isOne();
        }
    }

    @Test
    @DisplayName("a tenant created again under its old id starts empty and uses no seqno again")
    void createdAgain() {
        for (int life = 0; life < 4; life++) {
            Tenant tenant = tidal.createTenant(config().label("life " + life).build());
            assertThat(tenant.total("view")).isZero();
            assertThat(tenant.score("view", "a name")).isZero();
            assertThat(tenant.usage().storageBytes()).isLessThan(200);
            Position position = tenant.recordAll(List.of(Signal.of("view", "a name", 1)), Drill.keyed(1));
            assertThat(position.toString()).startsWith(life == 0 ? "r0:s0:" : "r0:s0:" + life + ".");
            if (life % 2 == 1) {
                reopen(tidal::abandon);
                assertThat(tenant().total("view")).isOne();
                assertThat(tenant().config().label()).isEqualTo("life " + life);
            }
            tidal.deleteTenant(Drill.TENANT);
        }
    }

    @Test
    @DisplayName("writes that wait when their tenant is deleted are refused, not lost in silence")
    void deletedWhileWritesWait() {
        Tenant tenant = tidal.createTenant(config().build());
        List<CompletableFuture<Position>> writes = new ArrayList<>();
        drill.loops.hold();
        for (int i = 0; i < 10; i++) {
            writes.add(tenant.recordAllAsync(List.of(Signal.of("view", i, 1)), WriteOptions.DEFAULT)
                    .toCompletableFuture());
        }
        ((EmbeddedTenant) tenant).state().delete();
        drill.loops.release();
        writes.forEach(write -> Drill.fails(ErrorCode.TENANT_NOT_FOUND, () -> Drill.get(write)));
    }

    @Test
    @DisplayName(
            "a deletion that is cut off at any step is finished by the next open, and leaves nothing to a successor")
    void cutOffDeletion() throws IOException {
        for (int nth = 1; nth <= 3; nth++) {
            for (boolean again : new boolean[] {false, true}) {
                Drill cut = new Drill(directory.resolve("cut" + nth + again));
                Tidal first =
                        cut.durable().topology(Topology.regions(1).shards(3)).open();
                TenantConfig config = config().slots(3).label("acme").build();
                Tenant tenant = first.createTenant(config);
                first.createTenant(TenantConfig.builder(OTHER).build()).record("view", 1, 1);
                for (int entity = 0; entity < 30; entity++) {
                    tenant.record("view", entity, 1);
                }
                first.checkpoint();
                cut.stores.fail(Fault.DELETE, nth);
                Drill.fails(ErrorCode.STORE_FAILED, () -> first.deleteTenant(Drill.TENANT));
                assertThat(first.tenant(Drill.TENANT)).isEmpty();
                if (again) {
                    Drill.fails(ErrorCode.STORE_FAILED, () -> first.createTenant(config));
                }
                first.close();

                Tidal second = cut.open();
                assertThat(second.tenant(Drill.TENANT)).isEmpty();
                assertThat(cut.directory().resolve("tenants/42")).doesNotExist();
                Tenant anew = second.createTenant(config);
                assertThat(anew.total("view")).isZero();
                anew.record("view", 1, 1);
                assertThat(second.tenant(OTHER).orElseThrow().total("view")).isOne();
                second.close();
                assertThat(cut.open().tenant(Drill.TENANT).orElseThrow().total("view"))
                        .isOne();
            }
        }
    }

    @Test
    @DisplayName("files that a deletion could not remove are removed by the next open")
    void leftFiles() throws IOException {
        tidal.createTenant(config().build()).record("view", 1, 1);
        tidal.deleteTenant(Drill.TENANT);
        tidal.abandon();
        Path left = Files.createDirectories(directory.resolve("tenants/42/snapshots"));
        Files.writeString(left.resolve("checkpoint-s00000.ckpt"), "left behind");
        tidal = drill.open();
        assertThat(left.getParent()).doesNotExist();
        assertThat(tidal.createTenant(config().build()).total("view")).isZero();
    }

    @Test
    @DisplayName("R-01: the default tenant, 0, is created, deleted and created again like any other")
    void defaultTenant() {
        TenantConfig config = TenantConfig.builder(TenantId.DEFAULT).build();
        tidal.createTenant(config).record("view", 1, 1);
        tidal.checkpoint();
        assertThat(directory.resolve("snapshots")).exists();
        tidal.deleteTenant(TenantId.DEFAULT);
        assertThat(directory.resolve("snapshots")).doesNotExist();
        reopen(tidal::abandon);
        assertThat(tidal.tenants()).isEmpty();
        assertThat(tidal.createTenant(config).record("view", 1, 1).toString()).isEqualTo("r0:s0:1.2");
    }
}
