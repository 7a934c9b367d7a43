package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a cluster says can still be lost, against what happens when it is: each of three members in turn. */
@DisplayName("F-60: What is said to survive the loss of a node")
class CanLoseTest {

    private static final int WRITES = 20;
    private static final int NODES = 3;
    private static final Duration UNTIL_ANOTHER_LEADS = Duration.ofMinutes(1);
    private static final Duration PATIENCE_WITH_NOBODY = Duration.ofMillis(1_500);

    @TempDir
    Path directory;

    private final Map<TenantId, Integer> written = new TreeMap<>();
    private int keys;

    private static TenantConfig.Builder tenant(int id, Durability level, RegionId... regions) {
        return TenantConfig.builder(TenantId.of(id))
                .pinnedShards(ReplicaId.parse("r0:s0"))
                .requiredRegions(regions)
                .durability(level);
    }

    private static SortedMap<TenantId, ClusterHealth.TenantRisk> said(Tidal tidal) {
        return tidal.health().risks().tenants();
    }

    private CompletableFuture<Boolean> write(Tidal tidal, TenantId id, Duration deadline) {
        return tidal.tenant(id)
                .orElseThrow()
                .recordAllAsync(
                        List.of(Signal.of("view", 1, 1)),
                        WriteOptions.DEFAULT.with(deadline).with(new IdempotencyKey(60, keys++)))
                .handle((position, failure) -> {
                    if (failure == null) {
                        written.merge(id, 1, Integer::sum);
                    }
                    return failure == null;
                })
                .toCompletableFuture();
    }

    @Test
    @DisplayName(
            "is what survives it: data is there whole, and writes go on, exactly where it is said of any node that goes; where it is not, there is one whose loss stops them")
    void isTrue() throws Exception {
        try (Members members = new Members(directory)) {
            members.configure(
                    builder -> builder.returnAfter(Duration.ofHours(1)).lease(Duration.ofSeconds(2)));
            members.start(0, 1, 2);
            List<TenantConfig.Builder> tenants = List.of(
                    tenant(1, Durability.LOCAL),
                    tenant(2, Durability.MAJORITY),
                    tenant(3, Durability.MAJORITY, RegionId.of(0), RegionId.of(1)),
                    tenant(4, Durability.LOCAL, RegionId.of(0)),
                    tenant(5, Durability.ALL));
            for (TenantConfig.Builder each : tenants) {
                members.node(0).createTenant(each.build());
            }
            for (int i = 0; i < WRITES; i++) {
                for (TenantConfig.Builder each : tenants) {
                    assertThat(write(members.node(0), each.build().id(), UNTIL_ANOTHER_LEADS)
                                    .get())
                            .isTrue();
                }
            }
            SortedMap<TenantId, ClusterHealth.TenantRisk> said = settled(members.node(0));
            SortedSet<TenantId> stopped = new TreeSet<>();
            SortedSet<TenantId> incomplete = new TreeSet<>();
            for (int lost = 0; lost < NODES; lost++) {
                members.kill(lost);
                Tidal survivor = members.node((lost + 1) % NODES);
                for (TenantId id : said.keySet()) {
                    boolean goesOn = said.get(id).service().nodes() > 0;
                    if (!write(survivor, id, goesOn ? UNTIL_ANOTHER_LEADS : PATIENCE_WITH_NOBODY)
                            .get()) {
                        stopped.add(id);
                    }
                    if (!isWhole(survivor, members.node((lost + 2) % NODES), id)) {
                        incomplete.add(id);
                    }
                }
                members.start(lost);
                settled(members.node(lost));
            }
            said.forEach((id, risk) -> {
                assertThat(stopped.contains(id))
                        .as("writes of tenant " + id + " stop, " + risk)
                        .isEqualTo(risk.service().nodes() < 1);
                assertThat(incomplete.contains(id))
                        .as("data of tenant " + id + " is missing, " + risk)
                        .isEqualTo(risk.data().nodes() < 1);
            });
            assertThat(stopped).isNotEmpty().isNotEqualTo(said.keySet());
            assertThat(incomplete).containsExactly(TenantId.of(4));
        }
    }

    /** Waits until all have everything, and the node that is to lead does. */
    private SortedMap<TenantId, ClusterHealth.TenantRisk> settled(Tidal tidal) {
        Await.passes(() -> {
            assertThat(tidal.health().nodes()).allMatch(ClusterHealth.NodeHealth::up);
            SortedMap<TenantId, ClusterHealth.TenantRisk> now = said(tidal);
            IntUnaryOperator data = id ->
                    Objects.requireNonNull(now.get(TenantId.of(id))).data().nodes();
            assertThat(data.applyAsInt(1)).isEqualTo(NODES - 1);
            assertThat(data.applyAsInt(2)).isEqualTo(NODES - 1);
            assertThat(data.applyAsInt(3)).isEqualTo(1);
            assertThat(data.applyAsInt(4)).isZero();
            assertThat(data.applyAsInt(5)).isEqualTo(NODES - 1);
        });
        return new TreeMap<>(said(tidal));
    }

    /** Whether one of those that are left has everything that was acknowledged. */
    private boolean isWhole(Tidal one, Tidal other, TenantId id) {
        return count(one, id) >= written.getOrDefault(id, 0) || count(other, id) >= written.getOrDefault(id, 0);
    }

    private static long count(Tidal tidal, TenantId id) {
        try {
            return tidal.tenant(id)
                    .orElseThrow()
                    .read("view", 1, ReadOptions.DEFAULT)
                    .count();
        } catch (TidalException e) {
            // Nobody is left who has anything.
            return 0;
        }
    }
}
