package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Changes of who holds a tenant's replicas, as they are agreed")
class ReplicaStepsTest {

    private static final TenantId TENANT = TenantId.of(5);
    private static final ReplicaId LEAVES = ReplicaId.parse("r2:s0");
    private static final ClusterCommand.ChangeReplicas CHANGE =
            new ClusterCommand.ChangeReplicas(TENANT, List.of(), List.of(LEAVES));

    private final ClusterState state = new ClusterState();
    private final TenantConfig config = TenantConfig.builder(TENANT).slots(1).build();

    ReplicaStepsTest() {
        List<ShardAssignment> shards = IntStream.range(0, 3)
                .mapToObj(region -> new ShardAssignment(ShardId.of(0), RegionId.of(region), NodeId.of("n" + region)))
                .toList();
        agree(new ClusterCommand.DefineTopology("c", shards));
        agree(new ClusterCommand.CreateTenant(config, List.of(ReplicaId.parse("r0:s0")), 7));
    }

    private void agree(ClusterCommand command) {
        assertThat(state.apply(command)).isInstanceOf(Reply.Done.class);
    }

    private TenantRecord tenant() {
        return Objects.requireNonNull(state.tenant(TENANT));
    }

    @Test
    @DisplayName("whatever else is changed meets a change of replicas at any step, and both are done")
    void changedMeanwhile() {
        List<ClusterCommand> steps = List.of(
                CHANGE,
                new ClusterCommand.NarrowReplicas(TENANT),
                new ClusterCommand.ReplicasComplete(TENANT, List.of(ReplicaId.parse("r1:s0"))),
                new ClusterCommand.ReplicasGone(TENANT, List.of(LEAVES)));
        TenantConfig wanted = config.toBuilder().withoutReplicas(LEAVES).build();
        int rate = 1;
        for (ClusterCommand step : steps) {
            agree(step);
            agree(new ClusterCommand.UpdateTenant(
                    wanted.toBuilder().maxSignalsPerSecond(rate).build()));
            assertThat(tenant().wanted())
                    .isEqualTo(wanted.toBuilder().maxSignalsPerSecond(rate++).build());
        }
        assertThat(tenant().change()).isNull();
    }

    @Test
    @DisplayName("a change that comes again, because nobody knew what came of it, is done")
    void comesAgain() {
        agree(CHANGE);
        agree(CHANGE);
        agree(new ClusterCommand.NarrowReplicas(TENANT));
        TenantRecord narrowed = tenant();
        agree(CHANGE);
        assertThat(tenant()).isEqualTo(narrowed);
    }
}
