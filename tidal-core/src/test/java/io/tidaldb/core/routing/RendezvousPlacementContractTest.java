package io.tidaldb.core.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.placement.PlacementRequest;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.Topology;
import io.tidaldb.testkit.PlacementPolicyContract;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RendezvousPlacementContractTest extends PlacementPolicyContract {

    private static final List<ReplicaId> SHARDS = Topology.regions(3).shardsPerRegion(5).shards().stream()
            .map(ShardAssignment::replica)
            .toList();

    @Override
    protected PlacementPolicyFactory factory() {
        return new RendezvousPlacementFactory();
    }

    @Test
    void spreadsTenantsEvenly() {
        Map<ReplicaId, Long> tenants = LongStream.range(0, 15_000)
                .mapToObj(tenant -> first(tenant, SHARDS))
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        assertThat(tenants.values()).hasSize(15).allMatch(count -> count > 850 && count < 1_150);
    }

    @Test
    void aShardThatGoesAwayLeavesOtherChoicesAsTheyAre() {
        List<ReplicaId> fewer = SHARDS.subList(0, 14);
        for (long tenant = 0; tenant < 1_000; tenant++) {
            ReplicaId before = first(tenant, SHARDS);
            assertThat(before.equals(SHARDS.get(14)) || before.equals(first(tenant, fewer)))
                    .isTrue();
        }
    }

    private ReplicaId first(long tenant, List<ReplicaId> shards) {
        return factory()
                .create()
                .place(new PlacementRequest(TenantId.of(tenant), 1, shards))
                .get(0);
    }
}
