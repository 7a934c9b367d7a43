package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.core.upgrade.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What is agreed on upgrades")
class UpgradeTableTest {

    private static final NodeId N0 = NodeId.of("n0");
    private static final NodeId N1 = NodeId.of("n1");
    private static final NodeId N2 = NodeId.of("n2");

    private final ClusterState state = new ClusterState();

    @BeforeEach
    void define() {
        List<ShardAssignment> shards = new ArrayList<>();
        for (int region = 0; region < 3; region++) {
            shards.add(new ShardAssignment(ShardId.of(0), RegionId.of(region), NodeId.of("n" + region)));
        }
        state.apply(new ClusterCommand.DefineTopology("c", shards));
        for (int region = 0; region < 3; region++) {
            accepted(new ClusterCommand.RegisterNode(
                    NodeId.of("n" + region), RegionId.of(region), "one" + region, "there:" + region));
        }
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
        assertThat(new StateCodec().encode(state)).isEqualTo(before);
    }

    private static ClusterCommand drain(NodeId node) {
        return new ClusterCommand.DrainNode(node, false, 1_000, 10);
    }

    private static ClusterCommand step(UpgradePhase to) {
        return new ClusterCommand.UpgradeStep(N1, to, 30);
    }

    private static ClusterCommand runs(NodeId node, String version, String oldest) {
        return new ClusterCommand.NodeVersion(node, version, oldest);
    }

    private UpgradePhase phase() {
        return Objects.requireNonNull(state.upgrades().of(N1)).phase();
    }

    @Test
    @DisplayName(
            "goes one step after the other, for one node at a time, and a step that is not the next one is refused")
    void steps() {
        refused(ErrorCode.UNSAFE, "is not drained", new ClusterCommand.RejoinNode(N1, "", 20));
        refused(ErrorCode.INVALID_ARGUMENT, "n9 does not exist", drain(NodeId.of("n9")));
        accepted(drain(N1));
        accepted(drain(N1));
        refused(ErrorCode.UNSAFE, "node n1 is DRAINING", drain(N2));
        refused(ErrorCode.NOT_OWNER, "no step to SERVING", step(UpgradePhase.SERVING));
        accepted(step(UpgradePhase.DRAINED));
        accepted(drain(N1));
        assertThat(phase()).isEqualTo(UpgradePhase.DRAINED);
        accepted(new ClusterCommand.RejoinNode(N1, "", 40));
        refused(ErrorCode.UNSAFE, "node n1 is REJOINING", drain(N1));
        refused(ErrorCode.UNSAFE, "node n1 is REJOINING", drain(N2));
        accepted(step(UpgradePhase.RETURNING));
        accepted(step(UpgradePhase.SERVING));
        accepted(drain(N2));
        assertThat(state.upgrades().of(N1))
                .isEqualTo(new NodeUpgrade(N1, UpgradePhase.SERVING, false, 1_000, 10, 30, 40, 40, ""));
    }

    @Test
    @DisplayName("a node that is given up stands in nobody's way")
    void replaced() {
        accepted(drain(N1));
        accepted(new ClusterCommand.ReplaceNode(N1, NodeId.of("n3"), "there:3"));
        accepted(drain(N2));
        assertThat(state.upgrades().of(N1)).isNull();
    }

    @Test
    @DisplayName(
            "R-71: nodes within one minor version are let in; finalizing waits for all, and keeps older ones out from then on")
    void versions() {
        refused(
                ErrorCode.VERSION_MISMATCH,
                "runs version 0.3.0, which goes with clusters from version 0.2 on",
                runs(N0, "0.3.0", "0.2"));
        accepted(runs(N0, "0.2.7", "0.1"));
        accepted(runs(N1, "0.2.0", "0.1"));
        refused(ErrorCode.UNSAFE, "node n2 runs version 0.1.0", new ClusterCommand.FinalizeUpgrade("0.2"));
        accepted(runs(N1, "0.1.4", "0.1"));
        accepted(runs(N1, "0.2.0", "0.1"));
        accepted(runs(N2, "0.2.0", "0.1"));
        accepted(drain(N1));
        refused(ErrorCode.UNSAFE, "node n1 is DRAINING", new ClusterCommand.FinalizeUpgrade("0.2"));
        accepted(step(UpgradePhase.DRAINED));
        accepted(new ClusterCommand.RejoinNode(N1, "", 40));
        accepted(step(UpgradePhase.RETURNING));
        accepted(step(UpgradePhase.SERVING));
        accepted(new ClusterCommand.FinalizeUpgrade("0.2"));
        accepted(new ClusterCommand.FinalizeUpgrade("0.2"));
        refused(
                ErrorCode.VERSION_MISMATCH,
                "node n1 runs version 0.1.9, and the cluster is finalized at version 0.2",
                runs(N1, "0.1.9", "0.1"));
        refused(ErrorCode.UNSAFE, "no way back to 0.1", new ClusterCommand.FinalizeUpgrade("0.1"));
        accepted(runs(N1, "0.3.0", "0.2"));
    }

    @Test
    @DisplayName("snapshots and commands keep all of it")
    void codecs() {
        accepted(runs(N0, "0.2.7", "0.1"));
        accepted(drain(N1));
        accepted(new ClusterCommand.RejoinNode(N1, "nobody answered", 40));
        StateCodec codec = new StateCodec();
        ClusterState decoded = codec.decode(codec.encode(state));
        assertThat(decoded.upgrades().all()).isEqualTo(state.upgrades().all());
        assertThat(decoded.upgrades().versions()).isEqualTo(state.upgrades().versions());
        assertThat(decoded.upgrades().finalized()).isEqualTo(Version.FIRST);
        CommandCodec commands = new CommandCodec();
        for (ClusterCommand command : List.of(
                drain(N1),
                step(UpgradePhase.RETURNING),
                runs(N1, "0.2.0", "0.1"),
                new ClusterCommand.RejoinNode(N1, "late", 5),
                new ClusterCommand.FinalizeUpgrade("0.2"))) {
            assertThat(commands.decode(commands.encode(command))).isEqualTo(command);
        }
    }

    @Test
    @DisplayName(
            "R-71: a format of the next release is written only once that is finalized, and then the older one names both versions")
    void gated() {
        Properties properties = new Properties();
        properties.setProperty("version", "0.2.0");
        properties.setProperty("oldest", "0.1");
        properties.setProperty("format.cluster-state", "1:0.1, 2:0.1, 3:0.2");
        StateCodec next = new StateCodec(Release.of(properties));
        StateCodec now = new StateCodec();
        for (NodeId node : List.of(N0, N1, N2)) {
            accepted(runs(node, "0.2.0", "0.1"));
        }
        assertThat(next.encode(state)).isEqualTo(now.encode(state));
        accepted(new ClusterCommand.FinalizeUpgrade("0.2"));
        byte[] after = next.encode(state);
        assertThat(next.decode(after).upgrades().finalized()).isEqualTo(Version.parse("0.2"));
        assertThatThrownBy(() -> now.decode(after))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("finalized at version 0.2")
                .hasMessageContaining(Release.current().version().toString());
    }
}
