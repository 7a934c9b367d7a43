package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.ingest.Corruption;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ledger.StateDigest;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("F-11: a replica whose state is not what its logs say")
class ReplicaRepairTest {

    private static final ReplicaId LEADER = ReplicaId.parse("r0:s0");

    @TempDir
    Path directory;

    private static void record(Tenant tenant, long entities) {
        tenant.recordAll(LongStream.range(0, entities)
                .mapToObj(entity -> Signal.of("view", entity, 1))
                .toList());
    }

    @Test
    @DisplayName("is found with the bucket, repaired there, and goes on to agree, also after a restart")
    void isRepaired() {
        Drill drill = new Drill(directory);
        Tidal tidal =
                drill.durable().topology(Topology.regions(3).shardsPerRegion(1)).open();
        EmbeddedTenant tenant = (EmbeddedTenant) tidal.createTenant(
                TenantConfig.builder(Drill.TENANT).pinnedShards(LEADER).build());
        record(tenant, 1_000);
        assertThat(tenant.compareReplicas(false)).hasSize(2).allMatch(ReplicaComparison::isEqual);

        TenantShard follower = tenant.replicas(LEADER.shard()).get(1);
        Corruption.count(follower, 7);
        Corruption.count(follower, 1_000_007);
        List<Integer> buckets = List.of(StateDigest.bucket(7), StateDigest.bucket(1_000_007)).stream()
                .sorted()
                .toList();
        List<ReplicaComparison> found = tenant.compareReplicas(false);
        assertThat(found.get(0).differingBuckets()).isEqualTo(buckets);
        assertThat(found.get(1).isEqual()).isTrue();

        List<ReplicaComparison> repaired = tenant.compareReplicas(true);
        assertThat(repaired).allMatch(ReplicaComparison::isEqual);
        assertThat(repaired.get(0).repaired()).isEqualTo(2);
        ReadOptions there = ReadOptions.DEFAULT.in(RegionId.of(1));
        assertThat(tenant.read("view", 7, there).count()).isOne();
        assertThat(tenant.read("view", 1_000_007, there).count()).isZero();
        record(tenant, 1_000);
        assertThat(tenant.compareReplicas(false)).allMatch(ReplicaComparison::isEqual);
        tidal.close();

        Tidal again = drill.open();
        Tenant same = again.tenant(Drill.TENANT).orElseThrow();
        assertThat(same.compareReplicas(false)).hasSize(2).allMatch(ReplicaComparison::isEqual);
        assertThat(same.read("view", 7, there).count()).isEqualTo(2);
        again.close();
    }
}
