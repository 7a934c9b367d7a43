package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("A tenant that is written in every region, over real threads and files")
class WritesEverywhereMatrixTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final EntityId ANNA = EntityId.of(1_001);
    private static final EntityId ITEM = EntityId.of(3);
    private static final SessionId SESSION = SessionId.of(9);
    private static final int KEYS = 20;

    @TempDir
    Path directory;

    private final Cell cell;

    WritesEverywhereMatrixTest(Cell cell) {
        this.cell = cell;
    }

    private Tidal open() {
        return cell.builder(directory)
                .topology(Topology.regions(3).shardsPerRegion(1))
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private static WriteOptions at(int region) {
        return WriteOptions.DEFAULT.in(RegionId.of(region));
    }

    /** What each side takes: some under keys that the other one takes, too, and some of its own. */
    private static void write(Tenant tenant, int region) {
        for (int key = 0; key < KEYS; key++) {
            List<Signal> signals = List.of(Signal.of("view", key % 5, 1.5), Signal.of("view", 100, 1));
            tenant.recordAll(signals, at(region).with(new IdempotencyKey(4, key)));
            tenant.recordAll(List.of(Signal.of("view", 200 + region, 1)), at(region));
        }
    }

    private static void check(Tenant tenant) {
        for (int region = 0; region < 3; region++) {
            ReadOptions there = ReadOptions.DEFAULT.in(RegionId.of(region));
            List<Long> counts = new ArrayList<>();
            for (long entity : new long[] {0, 4, 100, 200, 201, 202}) {
                counts.add(tenant.read("view", entity, there).count());
            }
            assertThat(counts).as("region %d", region).containsExactly(4L, 4L, 20L, 20L, 20L, 1L);
            assertThat(tenant.negatives().visible(ANNA, List.of(ITEM, EntityId.of(4)), there))
                    .containsExactly(EntityId.of(4));
            assertThat(tenant.sessions().read(SESSION, there).entries()).hasSize(2);
        }
        assertThat(tenant.compareReplicas(false)).isNotEmpty().allMatch(ReplicaComparison::isEqual);
        assertThat(tenant.verifyUsage().matches()).isTrue();
    }

    @Test
    @DisplayName("R-42, R-43, R-44: what both sides took while neither heard of the other is the same everywhere"
            + " once they have met: all of it, what both took once, and what either hid is hidden")
    void bothSides() {
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .writes(WriteMode.EVERYWHERE)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .build());
            tenant.recordAll(List.of(Signal.of("view", 202, 1)), at(2));
            tenant.sessions().start(SESSION, ANNA, at(0));
            Await.noLag(tidal);
            tidal.crashNode(NodeId.of("n1"));
            tidal.crashNode(NodeId.of("n2"));
            write(tenant, 0);
            tenant.negatives().add(NegativeKind.HIDE, ANNA, ITEM, at(0));
            tidal.crashNode(NodeId.of("n0"));
            tidal.startNode(NodeId.of("n1"));
            write(tenant, 1);
            tenant.sessions().write(SESSION, SessionSeqNo.of(2), new SessionEvent.Query("a"), at(1));
            tidal.startNode(NodeId.of("n0"));
            tidal.startNode(NodeId.of("n2"));
            Await.passes(() -> {
                assertThat(tidal.reconciliation(TENANT).isDone()).isTrue();
                check(tenant);
            });
        }
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            Await.passes(() -> check(tenant));
        }
    }
}
