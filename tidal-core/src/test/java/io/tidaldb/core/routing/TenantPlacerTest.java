package io.tidaldb.core.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Topology;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TenantPlacerTest {

    private static final Topology CLUSTER = Topology.regions(3).shardsPerRegion(5);
    private static final ShardReplicas SHARDS = new ShardReplicas(CLUSTER.shards());
    private static final TenantId TENANT = TenantId.of(42);

    private final TenantPlacer placer = new TenantPlacer(new RendezvousPlacement());

    @Test
    @DisplayName("R-05: each slot of a tenant gets a shard of its own, whatever tenants were placed before")
    void slotsGetShardsOfTheirOwn() {
        List<ReplicaId> before = placer.place(config().slots(4).build(), SHARDS);
        assertThat(before).hasSize(4).doesNotHaveDuplicates();
        for (long tenant = 0; tenant < 1_000; tenant++) {
            placer.place(TenantConfig.builder(TenantId.of(tenant)).build(), SHARDS);
        }
        assertThat(placer.place(config().slots(4).build(), SHARDS)).isEqualTo(before);
    }

    @Test
    @DisplayName("R-05: pinning overrides the policy")
    void pinningOverrides() {
        ReplicaId[] pins = {replica(2, 4), replica(0, 1)};
        assertThat(placer.place(config().pinnedShards(pins).build(), SHARDS)).containsExactly(pins);
    }

    @Test
    @DisplayName("R-05: a pinned shard must exist")
    void pinnedShardMustExist() {
        assertRefused(ErrorCode.INVALID_ARGUMENT, config().pinnedShards(replica(2, 9)), "t42", "r2:s9");
    }

    @Test
    @DisplayName("R-06: all of 1,000,000 entities of a tenant that requires region 1 route to region 1")
    void residencyHoldsForEveryEntity() {
        RegionId required = RegionId.of(1);
        List<ReplicaId> placement =
                placer.place(config().requiredRegions(required).slots(5).build(), SHARDS);
        ShardRouter router = ShardRouter.hashed(5);
        assertThat(new Random(6).longs(1_000_000).mapToObj(entity -> placement.get(router.slot(entity))))
                .allMatch(shard -> shard.region().equals(required));
    }

    @Test
    @DisplayName("R-06: residency that no shard satisfies is refused, naming tenant, regions and what exists")
    void unsatisfiableResidencyIsRefused() {
        assertRefused(
                ErrorCode.RESIDENCY_UNSATISFIABLE,
                config().requiredRegions(RegionId.of(7)),
                "t42",
                "[r7]",
                "[r0, r1, r2]");
        assertRefused(
                ErrorCode.RESIDENCY_UNSATISFIABLE,
                config().requiredRegions(RegionId.of(1)).slots(6),
                "t42",
                "6 slots",
                "5 shards");
    }

    @Test
    @DisplayName("R-05: more slots than shards are refused")
    void tooFewShardsForTheSlots() {
        assertRefused(ErrorCode.INVALID_ARGUMENT, config().slots(6), "t42", "6 slots", "5 shards");
    }

    @Test
    @DisplayName("R-06: a policy that leaves what is eligible is caught")
    void wrongPolicyIsCaught() {
        TenantPlacer wrong = new TenantPlacer(request -> List.of(replica(0, 0)));
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() ->
                        wrong.place(config().requiredRegions(RegionId.of(1)).build(), SHARDS))
                .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.INTERNAL));
    }

    private void assertRefused(ErrorCode code, TenantConfig.Builder config, String... named) {
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> placer.place(config.build(), SHARDS))
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo(code);
                    assertThat(refusal).hasMessageContainingAll(named);
                });
    }

    private static TenantConfig.Builder config() {
        return TenantConfig.builder(TENANT);
    }

    private static ReplicaId replica(int region, int shard) {
        return ReplicaId.of(RegionId.of(region), ShardId.of(shard));
    }
}
