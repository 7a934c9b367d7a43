package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Replicas that talk by sockets")
class ReplicationOverSocketsTest {

    private static final NodeId LAST = NodeId.of("n2");

    @Test
    @DisplayName(
            "R-30, R-31: writes reach all regions over TCP, and a node that comes back, at another port, catches up")
    void replicates(@TempDir Path directory) {
        try (Tidal tidal = Tidal.builder()
                .dataDir(directory)
                .topology(Topology.regions(3).shardsPerRegion(1))
                .transport("netty")
                .signal("view", Duration.ofDays(7))
                .open()) {
            Tenant tenant =
                    tidal.createTenant(TenantConfig.builder(TenantId.of(1)).build());
            write(tenant, 0, Durability.ALL);
            expect(tenant, 200);
            tidal.crashNode(LAST);
            write(tenant, 200, Durability.MAJORITY);
            tidal.startNode(LAST);
            expect(tenant, 400);
            write(tenant, 400, Durability.ALL);
            expect(tenant, 600);
        }
    }

    private static void write(Tenant tenant, int first, Durability durability) {
        for (int i = 0; i < 200; i++) {
            tenant.recordAll(List.of(Signal.of("view", first + i, 1.0)), WriteOptions.DEFAULT.with(durability));
        }
    }

    /** Waits until the last entity, and with it all others, can be read in every region. */
    private static void expect(Tenant tenant, int count) {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        for (int region = 0; region < 3; region++) {
            ReadOptions there = ReadOptions.DEFAULT.in(RegionId.of(region));
            while (tenant.read("view", count - 1, there).score() < 0.5 && System.nanoTime() < end) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
            for (int entity = 0; entity < count; entity++) {
                assertThat(tenant.read("view", entity, there).score())
                        .as("entity %d in region %d", entity, region)
                        .isGreaterThan(0.5);
            }
        }
    }
}
