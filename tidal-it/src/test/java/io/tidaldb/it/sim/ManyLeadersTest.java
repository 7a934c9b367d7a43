package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code tidal.leaders}: how many, 100 unless set. */
@DisplayName("A slot that many leaders have written, one after the other")
class ManyLeadersTest {

    private static final int LEADERS = Integer.getInteger("tidal.leaders", 100);
    private static final int ENTITIES = 20;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Random random = new Random(8);

    /** The base, what is written now, and what was written last where somebody does not hold it yet. */
    private static final int MOST_LEDGERS = 4;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName(
            "reads no more ledgers than one that few have, on any replica, and counts everything; also when replicas crash and logs are cut")
    void flat(boolean faulty) {
        SimulatedCluster.Builder builder = SimulatedCluster.builder().regions(3).signal("view", Duration.ofDays(7));
        try (SimulatedCluster cluster = (faulty ? builder.retention(Duration.ZERO, Duration.ZERO) : builder).open()) {
            long written = 0;
            for (int i = 0; i < LEADERS; i++) {
                ReplicaId leader = new ReplicaId(RegionId.of((i + 1) % 3), ShardId.of(0));
                cluster.tidal().promote(TenantId.DEFAULT, leader);
                for (int signals = 1 + random.nextInt(3); signals > 0; signals--) {
                    cluster.writeSignal("view", random.nextInt(ENTITIES), 1);
                    written++;
                }
                if (faulty && i % 20 == 19) {
                    ReplicaId follower = new ReplicaId(RegionId.of(i % 3), ShardId.of(0));
                    cluster.tidal().checkpoint();
                    cluster.crash(follower);
                    cluster.advance(Duration.ofMillis(random.nextInt(1_000)));
                    cluster.restart(follower);
                }
                cluster.advance(Duration.ofMillis(500));
                if (i % 20 == 10) {
                    cluster.awaitFullConvergence(PATIENCE);
                    cluster.advance(Duration.ofSeconds(1));
                    for (TenantShard each : replicas(cluster)) {
                        assertThat(each.ledgerCount()).as("leader " + i).isLessThanOrEqualTo(MOST_LEDGERS);
                    }
                }
            }
            cluster.awaitFullConvergence(PATIENCE);
            for (TenantShard each : replicas(cluster)) {
                assertThat(each.ledgerCount()).isLessThanOrEqualTo(MOST_LEDGERS);
            }
            for (int region = 0; region < 3; region++) {
                long counted = 0;
                for (long entity = 0; entity < ENTITIES; entity++) {
                    counted += cluster.tenant()
                            .read("view", entity, ReadOptions.DEFAULT.in(RegionId.of(region)))
                            .count();
                }
                assertThat(counted).isEqualTo(written);
            }
        }
    }

    @Test
    @DisplayName("on members that crash, while replicas leave and others are made anew, from logs and from snapshots")
    void membersChange() {
        SimulatedWorld world = new SimulatedWorld(9, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            List<Member> members = cluster.members();
            members.get(0)
                    .call(tidal -> tidal.createTenant(TenantConfig.builder(TenantId.DEFAULT)
                            .durability(Durability.MAJORITY)
                            .build()));
            long written = 0;
            for (int i = 0; i < LEADERS; i++) {
                Member through = members.get(i % 3);
                Member next = members.get((i + 1) % 3);
                Member other = members.get((i + 2) % 3);
                through.call(tidal -> {
                    tidal.promote(TenantId.DEFAULT, new ReplicaId(next.region(), shard(through)));
                    return next;
                });
                written += write(through);
                switch (i % 10) {
                    case 2 ->
                        through.call(tidal -> {
                            tidal.checkpoint();
                            return through;
                        });
                    case 4 -> {
                        without(world, through, new ReplicaId(other.region(), shard(through)));
                        written += write(next);
                        world.runFor(Duration.ofSeconds(2));
                        without(world, through);
                    }
                    case 7 -> {
                        other.machine().crash("it stops");
                        written += write(through);
                        other.machine().restart();
                        other.start();
                    }
                    default -> {}
                }
                world.runFor(Duration.ofMillis(random.nextInt(1_000)));
                if (i % 5 == 4 || i == LEADERS - 1) {
                    long expected = written;
                    assertThat(world.runUntil(
                                    () -> members.stream().allMatch(each -> holds(each, expected)),
                                    Duration.ofMinutes(1)))
                            .as("%s writes after %s leaders", expected, i)
                            .isTrue();
                }
            }
        }
    }

    private static Tenant tenant(Member member) {
        return member.tidal().tenant(TenantId.DEFAULT).orElseThrow();
    }

    private static ShardId shard(Member member) {
        return tenant(member).placement().get(0).shard();
    }

    private long write(Member through) {
        long signals = 1L + random.nextInt(3);
        for (long left = signals; left > 0; left--) {
            long entity = random.nextInt(ENTITIES);
            through.call(tidal -> tenant(through).record("view", entity, 1));
        }
        return signals;
    }

    /** Has no replica there any more; has one everywhere if there is none to leave out. */
    private static void without(SimulatedWorld world, Member through, ReplicaId... replicas) {
        through.call(tidal -> tidal.updateTenant(
                tenant(through).config().toBuilder().withoutReplicas(replicas).build()));
        assertThat(world.runUntil(
                        () -> tenant(through).config().withoutReplicas().equals(List.of(replicas)),
                        Duration.ofMinutes(1)))
                .isTrue();
    }

    private static boolean holds(Member member, long written) {
        List<TenantShard> here = Replicas.of(member.tidal(), TenantId.DEFAULT, shard(member));
        return here.size() == 1
                && here.get(0).damage() == null
                && here.get(0).ledgerCount() <= MOST_LEDGERS
                && here.get(0).readable().total(0) == written;
    }

    private static List<TenantShard> replicas(SimulatedCluster cluster) {
        return Replicas.of(cluster.tidal(), TenantId.DEFAULT, ShardId.of(0));
    }
}
