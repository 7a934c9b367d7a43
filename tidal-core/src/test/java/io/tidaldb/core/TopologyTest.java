package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.routing.ShardRouter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Nodes, regions and shards of one process")
class TopologyTest {

    @TempDir
    Path directory;

    @Test
    @DisplayName("R-07: all defaults together are a single node that needs no directory, region or topology")
    void defaults() {
        try (Tidal tidal =
                new Drill(directory).openEphemeral(Tidal.builder().signal("view", java.time.Duration.ofDays(7)))) {
            Tenant tenant =
                    tidal.createTenant(TenantConfig.builder(TenantId.DEFAULT).build());
            assertThat(tenant.record("view", 42, 1.5).toString()).isEqualTo("r0:s0:2");
            assertThat(tenant.score("view", 42)).isEqualTo(1.5);
            assertThat(tidal.health().nodes()).singleElement().satisfies(node -> {
                assertThat(node.node()).isEqualTo(NodeId.of("n0"));
                assertThat(node.region()).isEqualTo(RegionId.of(0));
            });
            assertThat(tidal.health().shards())
                    .singleElement()
                    .satisfies(shard -> assertThat(shard.entityCount()).isOne());
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    @DisplayName("R-07: three regions of five shards are configured, routed to, and the same after a restart")
    void threeRegionsOfFiveShards() {
        Drill drill = new Drill(directory);
        Topology topology = Topology.regions(3).shardsPerRegion(5);
        Tidal tidal = drill.durable().topology(topology).open();
        assertThat(tidal.health().shards()).hasSize(15);
        assertThat(tidal.health().nodes()).hasSize(3);
        Tenant tenant =
                tidal.createTenant(TenantConfig.builder(Drill.TENANT).slots(5).build());
        assertThat(tenant.placement()).hasSize(5).doesNotHaveDuplicates();
        ShardRouter router = ShardRouter.hashed(5);
        for (long entity = 0; entity < 200; entity++) {
            ReplicaId expected = tenant.placement().get(router.slot(entity));
            assertThat(tenant.record("view", entity, 1).records())
                    .singleElement()
                    .satisfies(record -> {
                        assertThat(record.region()).isEqualTo(expected.region());
                        assertThat(record.shard()).isEqualTo(expected.shard());
                    });
            assertThat(tenant.read("view", entity, ReadOptions.DEFAULT).replica())
                    .isEqualTo(expected);
        }
        List<ReplicaId> placement = tenant.placement();
        assertThat(tidal.health().shards())
                .allSatisfy(shard -> assertThat(shard.entityCount()).isPositive());
        tidal.abandon();

        // What the directory knows needs not be said again.
        Tidal again = drill.open();
        Tenant same = again.tenant(Drill.TENANT).orElseThrow();
        assertThat(same.placement()).isEqualTo(placement);
        assertThat(same.total("view")).isEqualTo(200);
        again.close();
    }

    @Test
    @DisplayName("R-05: residency limits where a tenant's slots are, pinning says where, and slots stay where they are")
    void residencyAndPinning() {
        Drill drill = new Drill(directory);
        Tidal tidal =
                drill.durable().topology(Topology.regions(3).shardsPerRegion(2)).open();
        Tenant resident = tidal.createTenant(TenantConfig.builder(TenantId.of(1))
                .requiredRegions(RegionId.of(1))
                .slots(2)
                .build());
        ReplicaId[] pins = {ReplicaId.parse("r2:s1"), ReplicaId.parse("r0:s0")};
        Tenant pinned = tidal.createTenant(
                TenantConfig.builder(TenantId.of(2)).pinnedShards(pins).build());
        assertThat(resident.placement())
                .hasSize(2)
                .allSatisfy(shard -> assertThat(shard.region()).isEqualTo(RegionId.of(1)));
        assertThat(pinned.placement()).containsExactly(pins);
        Position position = resident.recordAll(
                IntStream.range(0, 100).mapToObj(i -> Signal.of("view", i, 1)).toList());
        assertThat(position.records())
                .hasSize(2)
                .allSatisfy(record -> assertThat(record.region()).isEqualTo(RegionId.of(1)));
        tidal.close();
        Tidal again = drill.open();
        assertThat(again.tenant(TenantId.of(2)).orElseThrow().placement()).containsExactly(pins);
        assertThat(again.tenant(TenantId.of(1)).orElseThrow().total("view")).isEqualTo(100);
        again.close();
    }

    @Test
    @DisplayName("R-05: each of many tenants is found, and one that was deleted is not, until another has its id")
    void findsEachTenant() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.durable().open();
        tidal.createTenants(LongStream.range(0, 300)
                .mapToObj(id -> TenantConfig.builder(TenantId.of(id)).build())
                .toList());
        TenantId gone = TenantId.of(7);
        tidal.deleteTenant(gone);
        assertThat(found(tidal)).hasSize(299).doesNotContain(gone);
        tidal.close();
        Tidal again = drill.open();
        assertThat(found(again)).hasSize(299).doesNotContain(gone);
        again.createTenant(TenantConfig.builder(gone).build());
        assertThat(found(again)).hasSize(300);
        again.close();
    }

    private static List<TenantId> found(Tidal tidal) {
        return LongStream.range(0, 300)
                .mapToObj(TenantId::of)
                .filter(id -> tidal.tenant(id)
                        .filter(tenant -> tenant.config().id().equals(id))
                        .isPresent())
                .toList();
    }

    @Test
    @DisplayName("R-06: no directory of another region ever holds a file of a tenant that requires one")
    void residencyOfFiles() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.durable().topology(Topology.regions(3).shards(3)).open();
        Tenant resident = tidal.createTenant(TenantConfig.builder(Drill.TENANT)
                .requiredRegions(RegionId.of(1))
                .label("resident")
                .build());
        for (long entity = 0; entity < 100; entity++) {
            assertThat(resident.record("view", entity, 1).records().get(0).region())
                    .isEqualTo(RegionId.of(1));
        }
        tidal.checkpoint();
        tidal.close();
        assertThat(directory.resolve("n1/tenants/42/snapshots")).isNotEmptyDirectory();
        for (String foreign : List.of("n0/tenants", "n2/tenants", "tenants")) {
            assertThat(directory.resolve(foreign)).doesNotExist();
        }
    }
}
