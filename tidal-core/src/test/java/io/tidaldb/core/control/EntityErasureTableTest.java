package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-71: Which nodes have to confirm the erasure of an entity")
class EntityErasureTableTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final NodeId FIRST = NodeId.of("n0");
    private static final NodeId SECOND = NodeId.of("n1");
    private static final List<ShardAssignment> SHARDS = List.of(shard(0, FIRST), shard(1, SECOND));

    private final EntityErasureTable erasures = new EntityErasureTable();

    private static ShardAssignment shard(int region, NodeId node) {
        return new ShardAssignment(ShardId.of(0), RegionId.of(region), node);
    }

    private static TenantRecord tenant(long life, RegionId... regions) {
        ReplicaId leader = SHARDS.get(0).replica();
        return new TenantRecord(
                TenantConfig.builder(TENANT).requiredRegions(regions).build(),
                List.of(leader),
                List.of(leader),
                1,
                life,
                0);
    }

    @BeforeEach
    void begin() {
        erasures.begin(new ClusterCommand.EraseEntity(TENANT, 42, 1), tenant(5, RegionId.of(0)), SHARDS);
    }

    private Reply confirm(NodeId node) {
        return confirm(node, erasures.records().get(0).round());
    }

    private Reply confirm(NodeId node, long round) {
        return erasures.confirm(
                new ClusterCommand.ConfirmEntityErasure(1, round, node, List.of(), Collections.emptySortedMap(), 2));
    }

    private Reply confirm(NodeId node, ClosedLogs closed) {
        return erasures.confirm(new ClusterCommand.ConfirmEntityErasure(
                1, erasures.records().get(0).round(), node, List.of(), new TreeMap<>(Map.of(0, closed)), 2));
    }

    private boolean isPending(NodeId node) {
        return erasures.records().get(0).isPending(node);
    }

    @Test
    @DisplayName("those that the tenant comes to while others have not erased yet, also once more")
    void comes() {
        assertThat(isPending(SECOND)).isFalse();
        erasures.spread(tenant(5), SHARDS);
        assertThat(isPending(SECOND)).isTrue();
        confirm(SECOND);
        erasures.spread(tenant(5), SHARDS);
        assertThat(isPending(SECOND)).isTrue();
    }

    @Test
    @DisplayName("those that looked what they have before the tenant came to them have to look again")
    void lookedBefore() {
        erasures.spread(tenant(5), SHARDS);
        assertThat(confirm(FIRST, 0)).isInstanceOfSatisfying(Reply.Refused.class, refused -> {
            assertThat(refused.code()).isEqualTo(ErrorCode.NOT_CAUGHT_UP);
            assertThat(refused.message()).contains("node n0", "in round 0", "in round 1");
        });
        assertThat(isPending(FIRST)).isTrue();
        assertThat(confirm(FIRST, 1)).isInstanceOf(Reply.Done.class);
        assertThat(isPending(FIRST)).isFalse();
    }

    @Test
    @DisplayName("who gets the place of one that is gone, and looked before that")
    void replaced() {
        erasures.removed(SECOND, List.of(shard(0, SECOND)));
        assertThat(confirm(SECOND, 0)).isInstanceOf(Reply.Refused.class);
        assertThat(isPending(SECOND)).isTrue();
        confirm(SECOND);
        assertThat(erasures.records().get(0).isComplete()).isTrue();
        assertThat(erasures.records().get(0).nodes()).containsOnlyKeys(SECOND);
    }

    @Test
    @DisplayName("not those that it comes to afterwards, or that another tenant comes to, which has its id now")
    void comesTooLate() {
        erasures.spread(tenant(6), SHARDS);
        assertThat(isPending(SECOND)).isFalse();
        confirm(FIRST);
        assertThat(erasures.records().get(0).isComplete()).isTrue();
        erasures.spread(tenant(5), SHARDS);
        assertThat(erasures.records().get(0).isComplete()).isTrue();
    }

    @Test
    @DisplayName("those that another one may have sent more to since, and none that has less than another one")
    void hadLess() {
        erasures.spread(tenant(5), SHARDS);
        confirm(FIRST, new ClosedLogs(10, 1));
        assertThat(confirm(SECOND, new ClosedLogs(9, 2))).isInstanceOfSatisfying(Reply.Refused.class, refused -> {
            assertThat(refused.code()).isEqualTo(ErrorCode.NOT_CAUGHT_UP);
            assertThat(refused.message()).contains("node n1 confirms", "that node n0 has had");
        });
        // As many, but others.
        assertThat(confirm(SECOND, new ClosedLogs(10, 3))).isInstanceOf(Reply.Refused.class);
        assertThat(isPending(SECOND)).isTrue();
        assertThat(isPending(FIRST)).isFalse();
        assertThat(confirm(SECOND, new ClosedLogs(11, 4))).isInstanceOf(Reply.Done.class);
        assertThat(isPending(SECOND)).isFalse();
        assertThat(isPending(FIRST)).isTrue();
        assertThat(confirm(FIRST, new ClosedLogs(11, 4))).isInstanceOf(Reply.Done.class);
        assertThat(erasures.records().get(0).isComplete()).isTrue();
    }

    @Test
    @DisplayName("also where the state was read")
    void isRead() {
        erasures.spread(tenant(5), SHARDS);
        ClusterCommand.ConfirmEntityErasure first = new ClusterCommand.ConfirmEntityErasure(
                1, 1, FIRST, List.of("r0:s0:1.2"), new TreeMap<>(Map.of(0, new ClosedLogs(10, -1))), 2);
        CommandCodec codec = new CommandCodec();
        assertThat(codec.decode(codec.encode(first))).isEqualTo(first);
        erasures.confirm(first);
        ObjectNode state = new ObjectMapper().createObjectNode();
        erasures.put(state);
        EntityErasureTable read = new EntityErasureTable();
        read.read(state);
        assertThat(read.records()).isEqualTo(erasures.records());
    }

    @Test
    @DisplayName("all that are left when a node is gone, whatever that had had, for it may have sent it to them")
    void gone() {
        erasures.spread(tenant(5), SHARDS);
        confirm(FIRST, new ClosedLogs(10, 1));
        erasures.removed(null, List.of(shard(0, FIRST)));
        assertThat(isPending(FIRST)).isTrue();
        confirm(FIRST, new ClosedLogs(10, 1));
        assertThat(erasures.records().get(0).isComplete()).isTrue();
        erasures.removed(null, List.of());
        assertThat(erasures.records().get(0).isComplete()).isTrue();
    }

    @Test
    @DisplayName("none that is gone already when another one is")
    void goneBefore() {
        NodeId third = NodeId.of("n2");
        NodeId fourth = NodeId.of("n3");
        erasures.spread(tenant(5), SHARDS);
        confirm(SECOND);
        erasures.removed(third, List.of(shard(0, FIRST), shard(1, third)));
        confirm(FIRST);
        erasures.removed(fourth, List.of(shard(0, FIRST), shard(1, fourth)));
        assertThat(erasures.records().get(0).nodes()).containsOnlyKeys(FIRST, SECOND, fourth);
        assertThat(isPending(FIRST)).isTrue();
        assertThat(isPending(SECOND)).isFalse();
        confirm(FIRST);
        confirm(fourth);
        assertThat(erasures.records().get(0).isComplete()).isTrue();
    }
}
