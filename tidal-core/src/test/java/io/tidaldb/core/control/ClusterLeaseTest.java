package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-19: Leases in the control log")
class ClusterLeaseTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final long LENGTH = 1_000;
    private static final NodeId N0 = NodeId.of("n0");
    private static final NodeId N1 = NodeId.of("n1");
    private static final ReplicaId ON_N0 = ReplicaId.parse("r0:s0");
    private static final ReplicaId ON_N1 = ReplicaId.parse("r1:s0");
    private static final ReplicaId ON_N2 = ReplicaId.parse("r2:s0");

    private final ClusterState state = new ClusterState();

    @BeforeEach
    void define() {
        List<ShardAssignment> shards = new ArrayList<>();
        for (int region = 0; region < 3; region++) {
            shards.add(new ShardAssignment(ShardId.of(0), RegionId.of(region), NodeId.of("n" + region)));
        }
        state.apply(new ClusterCommand.DefineTopology("c", shards));
        state.apply(new ClusterCommand.CreateTenant(TenantConfig.builder(TENANT).build(), List.of(ON_N0), 1));
    }

    private static ClusterCommand.TakeOver takeOver(NodeId from, long sequence, ReplicaId leader) {
        return new ClusterCommand.TakeOver(from, sequence, List.of(new ClusterCommand.Promote(TENANT, leader)), false);
    }

    private TenantRecord tenant() {
        TenantRecord tenant = state.tenant(TENANT);
        assertThat(tenant).isNotNull();
        return java.util.Objects.requireNonNull(tenant);
    }

    private void refused(ClusterCommand command) {
        TenantRecord before = tenant();
        assertThat(state.apply(command))
                .isInstanceOfSatisfying(
                        Reply.Refused.class, reply -> assertThat(reply.code()).isEqualTo(ErrorCode.NOT_OWNER));
        assertThat(tenant()).isEqualTo(before);
    }

    @Test
    @DisplayName("a take-over after a renewal that its proposer has not seen is refused")
    void renewedMeanwhile() {
        assertThat(state.apply(new ClusterCommand.RenewLease(N0, 0, LENGTH))).isEqualTo(new Reply.Done(1));
        assertThat(state.apply(new ClusterCommand.RenewLease(N0, 1, LENGTH))).isEqualTo(new Reply.Done(2));
        refused(takeOver(N0, 1, ON_N1));
        assertThat(state.lease(N0)).isEqualTo(2);
    }

    @Test
    @DisplayName(
            "a renewal after a take-over that its node has not seen is refused, and the next leader has an epoch and incarnation of its own")
    void takenOverMeanwhile() {
        state.apply(new ClusterCommand.RenewLease(N0, 0, LENGTH));
        long epoch = tenant().epoch();
        assertThat(state.apply(takeOver(N0, 1, ON_N1))).isEqualTo(new Reply.Done(2));
        assertThat(tenant().placement()).containsExactly(ON_N1);
        assertThat(tenant().epoch()).isEqualTo(epoch + 1);
        assertThat(state.incarnation(ON_N1)).isEqualTo(1);
        refused(new ClusterCommand.RenewLease(N0, 1, LENGTH));
        assertThat(state.apply(new ClusterCommand.RenewLease(N0, 2, LENGTH))).isEqualTo(new Reply.Done(3));
    }

    @Test
    @DisplayName(
            "of two that take over at once, one does; and nothing is taken from a node that does not lead it any more")
    void twoAtOnce() {
        assertThat(state.apply(takeOver(N0, 0, ON_N1))).isEqualTo(new Reply.Done(1));
        refused(takeOver(N0, 0, ON_N2));
        assertThat(state.apply(takeOver(N0, 1, ON_N2))).isEqualTo(new Reply.Done(2));
        assertThat(tenant().placement()).containsExactly(ON_N1);
        assertThat(state.lease(N1)).isZero();
    }

    @Test
    @DisplayName(
            "all that one replica takes over at once shares one incarnation, and what it takes over later has another")
    void shared() {
        TenantId other = TenantId.of(2);
        TenantId third = TenantId.of(3);
        for (TenantId each : List.of(other, third)) {
            state.apply(
                    new ClusterCommand.CreateTenant(TenantConfig.builder(each).build(), List.of(ON_N0), 1));
        }
        state.apply(new ClusterCommand.TakeOver(
                N0,
                0,
                List.of(
                        new ClusterCommand.Promote(TENANT, ON_N1),
                        new ClusterCommand.Promote(other, ON_N1),
                        new ClusterCommand.Promote(third, ON_N2)),
                false));
        assertThat(state.tenants().values())
                .allSatisfy(each -> assertThat(each.epoch()).isEqualTo(2));
        assertThat(state.incarnation(ON_N1)).isEqualTo(1);
        assertThat(state.incarnation(ON_N2)).isEqualTo(1);
        state.apply(new ClusterCommand.TakeOver(
                NodeId.of("n2"), 0, List.of(new ClusterCommand.Promote(third, ON_N1)), false));
        assertThat(state.incarnation(ON_N1)).isEqualTo(2);
    }

    @Test
    @DisplayName("who was placed first stays preferred through a take-over, until somebody is moved to on purpose")
    void preferred() {
        state.apply(takeOver(N0, 0, ON_N1));
        assertThat(tenant().preferred()).containsExactly(ON_N0);
        state.apply(new ClusterCommand.TakeOver(N1, 0, List.of(new ClusterCommand.Promote(TENANT, ON_N2)), true));
        assertThat(tenant().placement()).containsExactly(ON_N2);
        assertThat(tenant().preferred()).containsExactly(ON_N2);
        refused(new ClusterCommand.Prefer(TENANT, ON_N1));
        state.apply(new ClusterCommand.TakeOver(
                NodeId.of("n2"), 0, List.of(new ClusterCommand.Promote(TENANT, ON_N1)), false));
        long epoch = tenant().epoch();
        assertThat(state.apply(new ClusterCommand.Prefer(TENANT, ON_N1))).isEqualTo(new Reply.Done(0));
        assertThat(tenant().preferred()).containsExactly(ON_N1);
        assertThat(tenant().epoch()).isEqualTo(epoch);
    }

    @Test
    @DisplayName("a node's lease is as long as its last renewal says")
    void length() {
        state.apply(new ClusterCommand.RenewLease(N0, 0, 5));
        assertThat(state.apply(new ClusterCommand.RenewLease(N0, 0, 7))).isInstanceOf(Reply.Refused.class);
        assertThat(state.leaseNanos(N0)).isEqualTo(5);
        state.apply(new ClusterCommand.RenewLease(N0, 1, 9));
        assertThat(state.leaseNanos(N0)).isEqualTo(9);
    }
}
