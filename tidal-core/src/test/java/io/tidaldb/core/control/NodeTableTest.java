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
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Nodes in the control log")
class NodeTableTest {

    private static final NodeId N1 = NodeId.of("n1");
    private static final NodeId N2 = NodeId.of("n2");
    private static final NodeId N3 = NodeId.of("n3");
    private static final ReplicaId ON_N2 = ReplicaId.parse("r2:s0");
    private static final RegionId REGION = RegionId.of(2);

    private final List<ShardAssignment> shards = new ArrayList<>();
    private final ClusterState state = new ClusterState();

    @BeforeEach
    void define() {
        for (int region = 0; region < 3; region++) {
            shards.add(new ShardAssignment(ShardId.of(0), RegionId.of(region), NodeId.of("n" + region)));
        }
        shards.add(new ShardAssignment(ShardId.of(1), RegionId.of(0), NodeId.of("n0")));
        state.apply(new ClusterCommand.DefineTopology("c", shards));
        accepted(new ClusterCommand.RegisterNode(N2, REGION, "one", "there:1"));
    }

    private void accepted(ClusterCommand command) {
        assertThat(state.apply(command)).isInstanceOf(Reply.Done.class);
    }

    private void refused(ErrorCode code, String why, ClusterCommand command) {
        byte[] before = new StateCodec().encode(state);
        assertThat(state.apply(command)).isInstanceOfSatisfying(Reply.Refused.class, refused -> {
            assertThat(refused.message()).contains(why);
            assertThat(refused.code()).isEqualTo(code);
        });
        assertThat(new StateCodec().encode(state))
                .as("the state after a refusal")
                .isEqualTo(before);
    }

    private NodeRecord node(NodeId name) {
        return Objects.requireNonNull(state.nodes().get(name));
    }

    @Test
    @DisplayName("class 9: a node is known by its directory: another one under its name is refused, its own never")
    void identity() {
        accepted(new ClusterCommand.RegisterNode(N2, REGION, "one", "elsewhere:1"));
        assertThat(node(N2).address()).isEqualTo("elsewhere:1");
        refused(
                ErrorCode.DIRECTORY_MISMATCH,
                "it has lost what it had acknowledged",
                new ClusterCommand.RegisterNode(N2, REGION, "other", "there:1"));
        refused(
                ErrorCode.INVALID_CONFIGURATION,
                "expected r2",
                new ClusterCommand.RegisterNode(N2, RegionId.of(1), "one", "there:1"));
        refused(
                ErrorCode.DIRECTORY_MISMATCH,
                "n3 is no node of this cluster",
                new ClusterCommand.RegisterNode(N3, REGION, "three", "there:3"));
    }

    @Test
    @DisplayName("a replaced node's replicas are its successor's, are to be filled, and it never comes back")
    void replaced() {
        accepted(new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
        accepted(new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
        assertThat(state.shards()).contains(new ShardAssignment(ShardId.of(0), REGION, N3));
        assertThat(state.nodes().filling()).containsExactly(ON_N2);
        assertThat(state.incarnation(ON_N2)).isEqualTo(1);
        assertThat(node(N2).removed()).isTrue();
        refused(
                ErrorCode.DIRECTORY_MISMATCH,
                "n3 has taken its place",
                new ClusterCommand.RegisterNode(N2, REGION, "one", "there:1"));
        refused(ErrorCode.NOT_OWNER, "was removed", new ClusterCommand.RenewLease(N2, 0, 1));
        refused(ErrorCode.INVALID_ARGUMENT, "was removed", new ClusterCommand.ReplaceNode(N1, N2, "there:1"));
        accepted(new ClusterCommand.RegisterNode(N3, REGION, "three", "there:3"));
        // Nodes go on to be started with what the cluster was made with.
        accepted(new ClusterCommand.DefineTopology("c", shards));
        accepted(new ClusterCommand.DefineTopology("c", state.shards()));
    }

    @Test
    @DisplayName("R-52: what a new node holds does not lead before it is filled, and only its own node says that it is")
    void filling() {
        TenantId tenant = TenantId.of(1);
        accepted(new ClusterCommand.CreateTenant(
                TenantConfig.builder(tenant).build(), List.of(ReplicaId.parse("r0:s0")), 1));
        accepted(new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
        refused(ErrorCode.NOT_CAUGHT_UP, "may lack", new ClusterCommand.Promote(tenant, ON_N2));
        accepted(new ClusterCommand.ReplicasFilled(N1, List.of(ON_N2)));
        refused(ErrorCode.NOT_CAUGHT_UP, "may lack", new ClusterCommand.Promote(tenant, ON_N2));
        accepted(new ClusterCommand.ReplicasFilled(N3, List.of(ON_N2)));
        accepted(new ClusterCommand.Promote(tenant, ON_N2));
    }

    @Test
    @DisplayName("R-52: nor is it given what is being moved there, though the node before it had everything")
    void fillingTarget() {
        TenantId tenant = TenantId.of(1);
        ReplicaId from = ReplicaId.parse("r0:s1");
        accepted(new ClusterCommand.CreateTenant(
                TenantConfig.builder(tenant).pinnedShards(from).build(), List.of(from), 1));
        accepted(new ClusterCommand.StartMigration(
                tenant, from, ON_N2, new MigrationTerms(0, 1_000, 0, false, false), 1));
        MigrationState state = MigrationState.PREPARING;
        for (MigrationState next :
                List.of(MigrationState.DUAL_WRITE, MigrationState.VERIFYING, MigrationState.CUTOVER)) {
            accepted(new ClusterCommand.StepMigration(tenant, 1, state, 0, next, null, 1));
            state = next;
        }
        accepted(new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
        refused(ErrorCode.NOT_CAUGHT_UP, "its node is new", new ClusterCommand.CutOver(tenant, 1, 1, 0, 1));
        accepted(new ClusterCommand.ReplicasFilled(N3, List.of(ON_N2)));
        accepted(new ClusterCommand.CutOver(tenant, 1, 1, 0, 1));
    }

    @Test
    @DisplayName("a node that leads is not replaced: what it acknowledged may be nowhere else")
    void leads() {
        accepted(new ClusterCommand.CreateTenant(
                TenantConfig.builder(TenantId.of(5)).build(), List.of(ON_N2), 1));
        refused(ErrorCode.NOT_CAUGHT_UP, "leads tenant t5", new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
        accepted(new ClusterCommand.Promote(TenantId.of(5), ReplicaId.parse("r1:s0")));
        accepted(new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
    }

    @Test
    @DisplayName("a node without replicas comes and goes; one with replicas stays")
    void addedAndRemoved() {
        accepted(new ClusterCommand.AddNode(N3, REGION, "there:3"));
        refused(ErrorCode.INVALID_ARGUMENT, "is in region r2", new ClusterCommand.AddNode(N3, RegionId.of(0), "x:1"));
        refused(ErrorCode.INVALID_ARGUMENT, "has replicas of 1 shards", new ClusterCommand.RemoveNode(N1));
        refused(ErrorCode.INVALID_ARGUMENT, "does not exist", new ClusterCommand.RemoveNode(NodeId.of("n9")));
        accepted(new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
        refused(ErrorCode.INVALID_ARGUMENT, "has replicas already", new ClusterCommand.ReplaceNode(N1, N3, "x:1"));
        accepted(new ClusterCommand.AddNode(NodeId.of("n4"), REGION, "there:4"));
        accepted(new ClusterCommand.RemoveNode(NodeId.of("n4")));
        refused(
                ErrorCode.INVALID_ARGUMENT,
                "choose another name",
                new ClusterCommand.AddNode(NodeId.of("n4"), REGION, "there:4"));
    }

    @Test
    @DisplayName("snapshots and commands keep all of it")
    void codecs() {
        accepted(new ClusterCommand.ReplaceNode(N2, N3, "there:3"));
        accepted(new ClusterCommand.AddNode(NodeId.of("n4"), REGION, "there:4"));
        StateCodec codec = new StateCodec();
        ClusterState decoded = codec.decode(codec.encode(state));
        assertThat(codec.encode(decoded)).isEqualTo(codec.encode(state));
        assertThat(decoded.nodes().all()).isEqualTo(state.nodes().all());
        assertThat(decoded.defined()).isEqualTo(shards);
        assertThat(decoded.nodes().filling()).containsExactly(ON_N2);
        CommandCodec commands = new CommandCodec();
        for (ClusterCommand command : List.of(
                new ClusterCommand.RegisterNode(N2, REGION, "one", "there:1"),
                new ClusterCommand.AddNode(N3, REGION, "there:3"),
                new ClusterCommand.RemoveNode(N3),
                new ClusterCommand.ReplaceNode(N2, N3, "there:3"),
                new ClusterCommand.ReplicasFilled(N3, List.of(ON_N2)))) {
            assertThat(commands.decode(commands.encode(command))).isEqualTo(command);
        }
    }
}
