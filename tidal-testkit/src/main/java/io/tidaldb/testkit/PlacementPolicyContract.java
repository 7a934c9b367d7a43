package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.placement.PlacementRequest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every {@link io.tidaldb.api.placement.PlacementPolicy} promises. */
public abstract class PlacementPolicyContract {

    private static final List<ReplicaId> SHARDS = shards(3, 5);

    /** Creates the suite. */
    protected PlacementPolicyContract() {}

    /** Returns the factory under test. */
    protected abstract PlacementPolicyFactory factory();

    @Test
    void factoryHasAProperNameAndStatesItsVersions() {
        assertThat(factory().name()).matches("[a-z0-9-]{1,32}");
        assertThat(factory().spiVersion()).isEqualTo(Spi.VERSION);
        assertThat(factory().version()).isNotBlank();
    }

    @Test
    void answersOneEligibleShardPerSlotWithoutRepeats() {
        for (long tenant = -50; tenant < 50; tenant++) {
            for (int slots = 1; slots <= SHARDS.size(); slots++) {
                assertThat(place(tenant, slots, SHARDS))
                        .hasSize(slots)
                        .doesNotHaveDuplicates()
                        .isSubsetOf(SHARDS);
            }
        }
    }

    @Test
    void staysInsideWhatIsEligible() {
        List<ReplicaId> eligible = SHARDS.subList(5, 7);
        for (long tenant = 0; tenant < 100; tenant++) {
            assertThat(place(tenant, 1, eligible)).isSubsetOf(eligible);
            assertThat(place(tenant, 2, eligible)).containsExactlyInAnyOrderElementsOf(eligible);
        }
    }

    @Test
    void isAPureFunctionOfTheRequest() {
        for (long tenant = 0; tenant < 100; tenant++) {
            List<ReplicaId> first = place(tenant, 3, SHARDS);
            place(tenant + 1, 2, SHARDS.subList(2, 9));
            assertThat(place(tenant, 3, SHARDS)).isEqualTo(first);
        }
    }

    @Test
    void everyPolicyOfTheFactoryAnswersTheSame() {
        PlacementRequest request = new PlacementRequest(TenantId.of(42), 4, SHARDS);
        assertThat(factory().create().place(request))
                .isEqualTo(factory().create().place(request));
    }

    private List<ReplicaId> place(long tenant, int slots, List<ReplicaId> eligible) {
        return factory().create().place(new PlacementRequest(TenantId.of(tenant), slots, eligible));
    }

    private static List<ReplicaId> shards(int regions, int perRegion) {
        List<ReplicaId> shards = new ArrayList<>();
        for (int region = 0; region < regions; region++) {
            for (int shard = 0; shard < perRegion; shard++) {
                shards.add(ReplicaId.of(RegionId.of(region), ShardId.of(shard)));
            }
        }
        return List.copyOf(shards);
    }
}
