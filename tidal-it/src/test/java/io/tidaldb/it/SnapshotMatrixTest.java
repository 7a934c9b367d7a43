package io.tidaldb.it;

import static io.tidaldb.it.ThreeReplicas.AWAY;
import static io.tidaldb.it.ThreeReplicas.BATCH;
import static io.tidaldb.it.ThreeReplicas.LEADER;
import static io.tidaldb.it.ThreeReplicas.OTHER;
import static io.tidaldb.it.ThreeReplicas.TENANT;
import static io.tidaldb.it.ThreeReplicas.assertSame;
import static io.tidaldb.it.ThreeReplicas.awaitAll;
import static io.tidaldb.it.ThreeReplicas.awaitHeartbeats;
import static io.tidaldb.it.ThreeReplicas.awaitSame;
import static io.tidaldb.it.ThreeReplicas.awaitTruncation;
import static io.tidaldb.it.ThreeReplicas.createTenant;
import static io.tidaldb.it.ThreeReplicas.readable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-81: a follower whose range of the log is gone, over real threads and files")
class SnapshotMatrixTest {

    @TempDir
    Path directory;

    private final Cell cell;
    private ThreeReplicas replicas;

    SnapshotMatrixTest(Cell cell) {
        this.cell = cell;
    }

    @BeforeEach
    void prepare() {
        replicas = new ThreeReplicas(cell, directory);
    }

    @Test
    @DisplayName("R-36, R-14: gets a snapshot of what was truncated while it was away, and the rest, to the bit")
    void snapshotAndTheRest() throws IOException {
        try (Tidal tidal = replicas.truncating().open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 5);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            replicas.write(tenant, 60);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(AWAY);
            replicas.write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
            replicas.write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
            replicas.assertSameCheckpoints(tidal, tenant);
        }
        try (Tidal tidal = replicas.truncating().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            awaitAll(tenant);
            assertSame(tenant);
            // Once more, onto what the first one left.
            tidal.crashNode(AWAY);
            replicas.write(tenant, 20);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(AWAY);
            awaitAll(tenant);
            assertSame(tenant);
            replicas.write(tenant, 1);
            awaitAll(tenant);
            replicas.assertSameCheckpoints(tidal, tenant);
        }
    }

    @Test
    @DisplayName("R-36: gets a snapshot while writes go on")
    void snapshotUnderLoad() throws IOException {
        try (Tidal tidal = replicas.truncating().open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 5);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            replicas.write(tenant, 40);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(AWAY);
            for (int i = 0; i < 40; i++) {
                replicas.write(tenant, 2);
                if (i % 10 == 0) {
                    tidal.checkpoint();
                }
            }
            awaitAll(tenant);
            assertSame(tenant);
            replicas.assertSameCheckpoints(tidal, tenant);
        }
    }

    @Test
    @DisplayName("R-14: that was heard of within the bound lacks nothing that the leader truncates")
    void leaderKeepsWhatIsLacking() {
        try (Tidal tidal = replicas.builder().retention(Duration.ZERO).open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 20);
            awaitAll(tenant);
            awaitTruncation(tidal, tenant, 10 * BATCH);
            tidal.crashNode(AWAY);
            long before = readable(tenant);
            long missed = replicas.written();
            replicas.write(tenant, 20);
            missed = replicas.written() - missed;
            Await.until(() -> tidal.health().shards().stream()
                    .map(shard -> shard.replicationLag().get(AWAY))
                    .anyMatch(lag -> lag != null && lag.millis() > 1_500));
            tidal.checkpoint();
            assertThat(readable(tenant)).isBetween(missed, before + missed);
            tidal.startNode(AWAY);
            awaitAll(tenant);
            assertSame(tenant);
            awaitTruncation(tidal, tenant, BATCH);
        }
    }

    @Test
    @DisplayName(
            "R-14: and the majority that is away with it lack nothing that the leader truncates, however long that takes")
    void leaderKeepsWhatNoMajorityHolds() {
        try (Tidal tidal = replicas.truncating().open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 20);
            awaitAll(tenant);
            tidal.crashNode(OTHER);
            tidal.crashNode(AWAY);
            long missed = replicas.written();
            replicas.write(tenant, 20);
            missed = replicas.written() - missed;
            awaitTruncation(tidal, tenant, missed + BATCH);
            Await.until(() -> tidal.health().shards().stream()
                    .map(shard -> shard.replicationLag().get(AWAY))
                    .anyMatch(lag -> lag != null && lag.millis() > 1_500));
            tenant.record("view", 1, 0);
            tidal.checkpoint();
            assertThat(readable(tenant)).isGreaterThanOrEqualTo(missed);
            tidal.startNode(AWAY);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(OTHER);
            awaitAll(tenant);
            assertSame(tenant);
        }
    }

    @Test
    @DisplayName("R-52: leads only when it lacks nothing that others have truncated, and somebody is there who knows")
    void staleFollowerCannotLead() {
        ReplicaId stale = ReplicaId.parse("r2:s0");
        try (Tidal tidal = replicas.truncating().open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 5);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            replicas.write(tenant, 20);
            Await.until(() -> {
                tenant.recordAll(List.of(Signal.of("view", 1, 0)), WriteOptions.DEFAULT.with(Durability.MAJORITY));
                tidal.checkpoint();
                return replicas.firstSeqno(OTHER) > 20 * BATCH;
            });
            tidal.crashNode(LEADER);
            tidal.crashNode(OTHER);
            tidal.startNode(AWAY);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tidal.promote(TENANT, stale))
                    .withMessageContainingAll("only 1 of 3 replicas", "at least 2")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PEER_UNAVAILABLE));
            tidal.startNode(OTHER);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tidal.promote(TENANT, stale))
                    .withMessageContainingAll("r2:s0 can't lead", "r1:s0 does not keep", "r0:s0")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_CAUGHT_UP));

            tidal.promote(TENANT, ReplicaId.parse("r1:s0"));
            replicas.write(tenant, 1);
            tidal.startNode(LEADER);
            awaitAll(tenant);
            assertSame(tenant);
            tidal.promote(TENANT, stale);
            replicas.write(tenant, 1);
            awaitAll(tenant);
            assertSame(tenant);
            assertThat(tenant.total("view") + tenant.total("like")).isGreaterThan(replicas.written());
        }
    }

    @Test
    @DisplayName("R-32, R-36: whose checkpoint is damaged and whose log is truncated fetches a snapshot")
    void damagedCheckpointIsRefetched() throws IOException {
        try (Tidal tidal = replicas.truncating().open()) {
            Tenant tenant = createTenant(tidal);
            replicas.write(tenant, 20);
            awaitAll(tenant);
            awaitTruncation(tidal, tenant, BATCH);
            // The followers hear later of how far the leader has it.
            awaitHeartbeats(tenant, 3);
            awaitTruncation(tidal, tenant, BATCH);
        }
        Path checkpoint = replicas.checkpoint(AWAY);
        byte[] content = Files.readAllBytes(checkpoint);
        content[content.length / 2] ^= 1;
        Files.write(checkpoint, content);
        try (Tidal tidal = replicas.truncating().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            awaitSame(tenant);
            replicas.write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
        }
    }
}
