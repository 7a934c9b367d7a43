package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.ScrubFigures;
import io.tidaldb.core.audit.AuditEntry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-32, F-50: A bit that turns at rest")
class ScrubTest {

    private static final int WRITES = 200;
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private static SimulatedCluster cluster(Duration interval, long bytesPerSecond) {
        SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .signal("view", Duration.ofDays(7))
                .scrub(interval, bytesPerSecond)
                .open();
        for (int i = 0; i < WRITES; i++) {
            cluster.writeSignal("view", i % 7, 1);
        }
        cluster.awaitFullConvergence(Duration.ofSeconds(30));
        return cluster;
    }

    private static void turnABit(SimulatedCluster cluster, ReplicaId replica, Predicate<LogId> which) {
        SimulatedMachine machine = cluster.machine(replica);
        Optional<LogId> hit = machine.disks().disk(Path.of(machine.id().name())).rot(which, new SimulatedRandom(5));
        assertThat(hit).isPresent();
    }

    private static boolean until(SimulatedCluster cluster, Predicate<ScrubFigures> wanted) {
        return cluster.world().runUntil(() -> wanted.test(cluster.tidal().scrub()), Duration.ofSeconds(60));
    }

    private static List<String> reports(SimulatedCluster cluster) {
        return cluster.tidal().audit(1, 1000, null).entries().stream()
                .filter(entry -> entry.command().equals("report-damage"))
                .map(AuditEntry::about)
                .toList();
    }

    private static void everythingIsThere(SimulatedCluster cluster) {
        cluster.awaitFullConvergence(Duration.ofSeconds(30));
        // Reads are refused until the leader was heard of since.
        cluster.advance(Duration.ofSeconds(5));
        for (int region = 0; region < 3; region++) {
            for (int entity = 0; entity < 7; entity++) {
                RegionId from = RegionId.of(region);
                assertThat(cluster.tenant()
                                .read("view", entity, ReadOptions.DEFAULT.in(from))
                                .count())
                        .isEqualTo(WRITES / 7 + (entity < WRITES % 7 ? 1 : 0));
            }
        }
        assertThat(cluster.tidal().health().tenants())
                .allSatisfy(each -> assertThat(each.damage()).isNull());
    }

    @Test
    @DisplayName(
            "in a follower's copy is found by reading it again, noted in the audit log, and the copy is fetched from the leader")
    void followersCopy() {
        try (SimulatedCluster cluster = cluster(INTERVAL, 4 << 20)) {
            ReplicaId follower = cluster.followerIn(RegionId.of(1));
            turnABit(cluster, follower, log -> true);
            assertThat(until(cluster, seen -> seen.damaged() == 1 && seen.refetched() == 1))
                    .isTrue();
            everythingIsThere(cluster);
            assertThat(reports(cluster))
                    .hasSize(2)
                    .allSatisfy(about -> assertThat(about).startsWith(follower + ": "));
            assertThat(until(cluster, seen -> seen.passes() >= 3)).isTrue();
            assertThat(cluster.tidal().scrub().damaged()).isOne();
        }
    }

    @Test
    @DisplayName(
            "in the log of the one that leads is found, another leads, and the former leader fetches its own log back")
    void leadersLog() {
        try (SimulatedCluster cluster = cluster(INTERVAL, 4 << 20)) {
            ReplicaId leader = cluster.leader();
            turnABit(cluster, leader, log -> log.origin().replica().equals(leader));
            assertThat(until(cluster, seen -> seen.refetched() == 1)).isTrue();
            everythingIsThere(cluster);
            assertThat(cluster.tenant().placement()).doesNotContain(leader);
            assertThat(cluster.tenant().record("view", 1000, 1)).isNotNull();
        }
    }

    @Test
    @DisplayName("is not thrown away while the one that leads can't be asked whether it has everything")
    void nobodyElseHasIt() {
        try (SimulatedCluster cluster = cluster(INTERVAL, 4 << 20)) {
            ReplicaId follower = cluster.followerIn(RegionId.of(1));
            cluster.crash(cluster.leader());
            turnABit(cluster, follower, log -> true);
            assertThat(until(cluster, seen -> seen.damaged() == 1)).isTrue();
            cluster.advance(Duration.ofSeconds(20));
            assertThat(cluster.tidal().scrub().refetched()).isZero();
            cluster.restart(cluster.leader());
            assertThat(until(cluster, seen -> seen.refetched() == 1)).isTrue();
            everythingIsThere(cluster);
        }
    }

    @Test
    @DisplayName("is looked for as slowly as was asked for, or not at all")
    void asSlowlyAsAskedFor() {
        try (SimulatedCluster cluster = cluster(Duration.ofSeconds(1), 4096)) {
            long bytes = cluster.tidal().scrub().bytes();
            cluster.advance(Duration.ofSeconds(40));
            assertThat(cluster.tidal().scrub().bytes() - bytes).isBetween(1L, 40 * 4096L + (128 << 10));
        }
        try (SimulatedCluster cluster = cluster(Duration.ZERO, 4096)) {
            turnABit(cluster, cluster.followerIn(RegionId.of(1)), log -> true);
            cluster.advance(Duration.ofMinutes(1));
            assertThat(cluster.tidal().scrub()).isEqualTo(new ScrubFigures(0, 0, 0, 0));
        }
    }
}
