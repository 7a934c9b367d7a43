package io.tidaldb.it;

import static io.tidaldb.it.ThreeReplicas.AWAY;
import static io.tidaldb.it.ThreeReplicas.BATCH;
import static io.tidaldb.it.ThreeReplicas.LEADER;
import static io.tidaldb.it.ThreeReplicas.TENANT;
import static io.tidaldb.it.ThreeReplicas.assertSame;
import static io.tidaldb.it.ThreeReplicas.awaitAll;
import static io.tidaldb.it.ThreeReplicas.awaitSame;
import static io.tidaldb.it.ThreeReplicas.createTenant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A follower on files: damaged ones, and many. {@code -Dtidal.away=N} sets how many records it misses that catches up from the log. */
@DisplayName("A follower")
class FollowerTest {

    private static final long RECORDS_AWAY = Long.getLong("tidal.away", 1_000_000);

    @TempDir
    Path directory;

    private ThreeReplicas replicas;

    @BeforeEach
    void prepare() {
        replicas = new ThreeReplicas(new Cell("file", "inproc"), directory);
    }

    @Test
    @DisplayName("R-32: whose log is damaged fetches it from the leader again; a damaged leader is left as it is")
    void damagedFollowerIsRefetched() throws IOException {
        try (Tidal tidal = replicas.builder().open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 20);
            awaitAll(tenant);
        }
        damage(AWAY);
        try (Tidal tidal = replicas.builder().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            awaitSame(tenant);
            replicas.write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
            replicas.assertSameCheckpoints(tidal, tenant);
        }
        damage(LEADER);
        try (Tidal tidal = replicas.builder().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tenant.read("view", 1, ReadOptions.DEFAULT))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_LOG));
            // As long as it takes the nodes to talk about another tenant.
            Tenant other = tidal.createTenant(TenantConfig.builder(TenantId.of(99))
                    .pinnedShards(tenant.placement().get(0))
                    .durability(Durability.ALL)
                    .build());
            for (int i = 0; i < 20; i++) {
                other.record("view", i, 1);
            }
            assertThat(tenant.readAll("view", List.of(EntityId.of(1)), ReadOptions.DEFAULT.in(RegionId.of(2))))
                    .hasSize(1);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tenant.read("view", 1, ReadOptions.DEFAULT));
        }
    }

    @Test
    @DisplayName("R-36: that was away for a million records catches up from the log")
    void aMillionRecords() throws IOException {
        try (Tidal tidal = replicas.builder().open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 1);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            replicas.write(tenant, (int) (RECORDS_AWAY / BATCH));
            tidal.startNode(AWAY);
            awaitAll(tenant);
            assertSame(tenant);
            replicas.assertSameCheckpoints(tidal, tenant);
        }
    }

    private void damage(NodeId node) throws IOException {
        Path segment = Trees.files(
                        directory.resolve(node.name()).resolve("tenants").resolve("7"), ".seg")
                .get(0);
        byte[] content = Files.readAllBytes(segment);
        content[content.length / 2] ^= 1;
        Files.write(segment, content);
        // So that the whole log is read.
        Files.delete(replicas.checkpoint(node));
    }
}
