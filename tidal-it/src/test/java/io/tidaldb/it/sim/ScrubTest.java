package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.ScrubFigures;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.audit.AuditEntry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-32, F-50: A bit that turns at rest")
class ScrubTest {

    private static final int WRITES = 200;
    private static final int ALONE = 5;

    /** An entity that is written when only one replica takes it. */
    private static final long LATER = 1000;

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
        isThere(cluster, 0);
        assertThat(cluster.tidal().health().tenants())
                .allSatisfy(each -> assertThat(each.lost()).isEmpty());
    }

    /** Checks that all replicas hold what was written first, and so much more of another entity, and that none is damaged. */
    private static void isThere(SimulatedCluster cluster, int later) {
        cluster.awaitFullConvergence(Duration.ofSeconds(30));
        // Reads are refused until the leader was heard of since.
        cluster.advance(Duration.ofSeconds(5));
        for (int region = 0; region < 3; region++) {
            RegionId from = RegionId.of(region);
            for (int entity = 0; entity < 7; entity++) {
                assertThat(count(cluster, entity, from)).isEqualTo(WRITES / 7 + (entity < WRITES % 7 ? 1 : 0));
            }
            assertThat(count(cluster, LATER, from)).isEqualTo(later);
        }
        assertThat(cluster.tidal().health().tenants())
                .allSatisfy(each -> assertThat(each.damage()).isNull());
    }

    private static long count(SimulatedCluster cluster, long entity, RegionId from) {
        return cluster.tenant()
                .read("view", entity, ReadOptions.DEFAULT.in(from))
                .count();
    }

    /** Has the replica that leads take writes that nobody else gets, until the cut is closed; returns where the last one is. */
    private static WalSegmentId writeAlone(SimulatedCluster cluster, ReplicaId leader) {
        Position last = null;
        for (int i = 0; i < ALONE; i++) {
            last = cluster.tenant()
                    .recordAll(List.of(Signal.of("view", LATER, 1)), WriteOptions.DEFAULT.with(Durability.LOCAL));
        }
        WalSegmentId at = Objects.requireNonNull(last).records().get(0);
        assertThat(at.origin().replica()).isEqualTo(leader);
        return at;
    }

    private static void restartWithDamage(SimulatedCluster cluster, ReplicaId replica, Runnable damage) {
        cluster.crash(replica);
        damage.run();
        cluster.restart(replica);
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
    @DisplayName(
            "in two of three copies, the leader's among them, has the third one lead, as it has all that they are known to have had; both fetch theirs back")
    void twoOfThree() {
        try (SimulatedCluster cluster = cluster(INTERVAL, 4 << 20)) {
            ReplicaId third = cluster.followerIn(RegionId.of(2));
            cluster.crash(third);
            turnABit(cluster, cluster.leader(), log -> true);
            turnABit(cluster, cluster.followerIn(RegionId.of(1)), log -> true);
            assertThat(until(cluster, seen -> seen.damaged() == 2)).isTrue();
            assertThat(cluster.tenant().placement()).doesNotContain(third);
            cluster.restart(third);
            assertThat(until(cluster, seen -> seen.refetched() == 2)).isTrue();
            everythingIsThere(cluster);
            assertThat(cluster.tenant().placement()).contains(third);
        }
    }

    @Test
    @DisplayName("in the log of another does not keep what this one alone has from the others")
    void theRestIsGivenToOthers() {
        try (SimulatedCluster cluster = cluster(INTERVAL, 4 << 20)) {
            ReplicaId first = cluster.leader();
            ReplicaId next = cluster.followerIn(RegionId.of(1));
            cluster.tidal().promote(TenantId.DEFAULT, next);
            SimulatedNetwork.Cut cut =
                    cluster.network().isolate(List.of(cluster.machine(next).id()));
            writeAlone(cluster, next);
            restartWithDamage(
                    cluster,
                    next,
                    () -> turnABit(cluster, next, log -> log.origin().replica().equals(first)));
            cluster.advance(Duration.ofSeconds(20));
            assertThat(cluster.tenant().placement()).doesNotContain(next);
            assertThat(cluster.tidal().scrub().refetched()).isZero();
            cut.close();
            assertThat(until(cluster, seen -> seen.refetched() == 1)).isTrue();
            isThere(cluster, ALONE);
            assertThat(cluster.tidal().health().tenants())
                    .allSatisfy(each -> assertThat(each.lost()).isEmpty());
        }
    }

    @Test
    @DisplayName("in what this one alone has is named as lost once all others have said so; nothing else is given up")
    void lostForGood() {
        try (SimulatedCluster cluster = cluster(INTERVAL, 4 << 20)) {
            ReplicaId leader = cluster.leader();
            ReplicaId away = cluster.followerIn(RegionId.of(2));
            SimulatedNetwork.Cut cut =
                    cluster.network().isolate(List.of(cluster.machine(leader).id()));
            WalSegmentId last = writeAlone(cluster, leader);
            SimulatedMachine machine = cluster.machine(leader);
            restartWithDamage(
                    cluster,
                    leader,
                    () -> machine.disks()
                            .disk(Path.of(machine.id().name()))
                            .flip(
                                    new LogId(leader.shard(), TenantId.DEFAULT, last.origin()),
                                    last.seqno() - ALONE + 1,
                                    300));
            cluster.crash(away);
            cut.close();
            cluster.advance(Duration.ofSeconds(20));
            // With one of three away nobody can tell whether a majority had it.
            assertThat(cluster.tenant().placement()).contains(leader);
            assertThat(cluster.tidal().health().tenants().get(0).damage()).isNotNull();
            cluster.restart(away);
            assertThat(until(cluster, seen -> seen.refetched() == 1)).isTrue();
            isThere(cluster, 0);
            assertThat(cluster.tenant().placement()).doesNotContain(leader);
            List<String> lost = cluster.tidal().health().tenants().get(0).lost();
            assertThat(lost).hasSize(1);
            assertThat(lost.get(0))
                    .startsWith(leader + ": lost for good")
                    .contains("seqno " + Seqno.print(last.seqno() - ALONE + 1) + " to " + Seqno.print(last.seqno())
                            + " of " + last.origin())
                    .endsWith("acknowledged at LOCAL at most");
            assertThat(reports(cluster)).contains(lost.get(0)).anyMatch(each -> each.contains("stays as it is until"));
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
