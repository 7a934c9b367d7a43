package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.SimulatedMembers.Copy;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-19: A node whose disk was put back to an older copy")
class OlderCopySimulation {

    private static final int SEEDS = 8;
    private static final TenantId TENANT = TenantId.of(7);
    private static final TenantId LATER = TenantId.of(8);
    private static final ReplicaId LEADER = ReplicaId.parse("r0:s0");
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    @DisplayName(
            "is refused, whether all of the disk or the control log alone is older; nothing that was agreed or acknowledged is lost, and another node takes its place")
    void isRefused() {
        Seeds.run(OlderCopySimulation.class, SEEDS, (seed, trace) -> {
            Run run = new Run(seed, trace);
            try (SimulatedMembers cluster = run.cluster) {
                run.begin();
                run.goesBack();
                if (run.random.chance(500_000)) {
                    // What it knows of others it has to know from its disk.
                    run.knowing.machine().crash("others are opened again as well");
                    run.knowing.machine().restart();
                    run.world.execute(run.knowing::start);
                }
                run.world.schedule(Duration.ofMillis(run.random.between(0, 4_000)), run::heal);
                run.victim.machine().restart();
                run.victim.start();
                TidalException refused = Objects.requireNonNull(run.victim.refused());
                assertThat(run.victim.serves()).isFalse();
                assertThat(refused.code()).as(refused.getMessage()).isEqualTo(ErrorCode.DIRECTORY_MISMATCH);
                assertThat(refused).hasMessageContainingAll("control log of node " + run.victim.id(), "older copy");
                run.replace();
                run.check(LATER);
                assertThat(cluster.control().forgotten()).isZero();
            }
        });
    }

    @Test
    @DisplayName(
            "R-70: those of a release that tells nobody how far it has come are replaced one by one while writes go on, some go back and forth: none of them waits, nothing is lost, and an older copy is refused afterwards")
    void sinceAnUpgrade() {
        Seeds.run(OlderCopySimulation.class, SEEDS, (seed, trace) -> {
            Run run = new Run(seed, trace);
            try (SimulatedMembers cluster = run.cluster) {
                ReleaseWithoutMarks older =
                        new ReleaseWithoutMarks(cluster.network().transports());
                cluster.members().forEach(each -> each.sends(older));
                run.begin();
                for (Member each : run.inAnyOrder()) {
                    run.replaceProcess(each, cluster.network().transports());
                    if (run.random.chance(300_000)) {
                        run.replaceProcess(each, older);
                        run.replaceProcess(each, cluster.network().transports());
                    }
                }
                assertThat(older.refused()).isPositive();
                run.check(TENANT);
                run.goesBack();
                run.heal();
                run.victim.machine().restart();
                run.victim.start();
                assertThat(Objects.requireNonNull(run.victim.refused()).code()).isEqualTo(ErrorCode.DIRECTORY_MISMATCH);
                assertThat(cluster.control().forgotten()).isZero();
            }
        });
    }

    @Test
    @DisplayName("control: where nobody knows how far it had come, what was agreed is lost")
    void nobodyKnows() {
        long forgotten = 0;
        for (long seed = 1; seed <= 2; seed++) {
            Run run = new Run(seed, Trace.off());
            try (SimulatedMembers cluster = run.cluster) {
                run.begin();
                run.goesBack();
                run.knowing.machine().crash("the only one that has all of it");
                run.behind.machine().crash("it is to be opened again, too");
                cluster.members().forEach(each -> each.home().loseOwn());
                run.heal();
                for (Member each : List.of(run.victim, run.behind)) {
                    each.machine().restart();
                    run.world.execute(each::start);
                }
                run.world.runUntil(() -> cluster.control().forgotten() > 0, PATIENCE);
                forgotten += cluster.control().forgotten();
            }
        }
        assertThat(forgotten).isPositive();
    }

    /** Three members: one whose disk goes back, one that was away while it was ahead, and one that knows. */
    private static final class Run {

        final SimulatedWorld world;
        final SimulatedRandom random;
        final SimulatedMembers cluster;
        final Member victim;
        final Member behind;
        final Member knowing;
        private final boolean whole;
        private final List<SimulatedNetwork.Cut> cuts = new ArrayList<>();
        private long acknowledged;

        Run(long seed, Trace trace) {
            world = new SimulatedWorld(seed, trace);
            random = world.random("older copy");
            whole = random.chance(500_000);
            cluster = new SimulatedMembers(
                    world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity());
            // The one that leads the tenant is not the one that is away.
            int away = (int) random.between(1, 2);
            boolean leads = random.chance(500_000);
            behind = cluster.members().get(away);
            victim = cluster.members().get(leads ? 0 : 3 - away);
            knowing = cluster.members().get(leads ? 3 - away : 0);
        }

        void begin() {
            cluster.open();
            create(TENANT);
            write();
        }

        List<Member> inAnyOrder() {
            List<Member> left = new ArrayList<>(cluster.members());
            List<Member> order = new ArrayList<>();
            while (!left.isEmpty()) {
                order.add(left.remove((int) random.below(left.size())));
            }
            return order;
        }

        /** Ends a member's process, in order or not, and starts one of another release in its place. */
        void replaceProcess(Member member, TransportFactory release) {
            if (random.chance(500_000)) {
                member.stop();
            } else {
                member.machine().crash("its process is replaced");
            }
            if (!(release instanceof ReleaseWithoutMarks)) {
                // The one before did not write it down either.
                member.home().loseOwn();
            }
            writeOn();
            member.sends(release);
            member.machine().restart();
            long begun = world.nanoTime();
            member.start();
            assertThat(member.serves())
                    .as("%s: %s", member.id(), member.refused())
                    .isTrue();
            assertThat(world.nanoTime() - begun).as("time until it served").isLessThan(SOON.toNanos());
            writeOn();
        }

        void goesBack() {
            world.runFor(Duration.ofMillis(random.between(1, 5_000)));
            Copy copy = victim.copy(whole);
            cluster.control().isolate(behind.id());
            cuts.add(cluster.network().isolate(List.of(behind.id())));
            create(LATER);
            write();
            // Long enough that what is written down of it is newer than the copy.
            world.runFor(Duration.ofSeconds(10));
            write();
            world.runFor(Duration.ofSeconds(2));
            victim.machine().crash("its disk goes back");
            victim.putBack(copy);
        }

        private void create(TenantId tenant) {
            knowing.call(tidal -> tidal.createTenant(TenantConfig.builder(tenant)
                    .pinnedShards(LEADER)
                    .durability(Durability.MAJORITY)
                    .build()));
        }

        private void write() {
            for (long left = random.between(1, 20); left > 0; left--) {
                long entity = acknowledged;
                knowing.call(tidal -> tidal.tenant(TENANT).orElseThrow().record("view", entity, 1));
                acknowledged++;
            }
        }

        /** Writes through whoever serves, again until it is acknowledged: who leads may just be on its way out. */
        private void writeOn() {
            long end = world.nanoTime() + PATIENCE.toNanos();
            for (long left = random.between(1, 5); left > 0; left--) {
                while (!written(acknowledged)) {
                    assertThat(world.nanoTime()).as("time of a write").isLessThan(end);
                    world.runFor(Duration.ofMillis(100));
                }
                acknowledged++;
            }
        }

        private boolean written(long entity) {
            Member through = cluster.members().stream()
                    .filter(Member::serves)
                    .findFirst()
                    .orElseThrow();
            try {
                through.call(tidal -> tidal.tenant(TENANT)
                        .orElseThrow()
                        .recordAll(
                                List.of(Signal.of("view", entity, 1)),
                                WriteOptions.DEFAULT.with(new IdempotencyKey(TENANT.value(), entity))));
                return true;
            } catch (TidalException e) {
                world.note("it is not written yet: " + e.getMessage());
                return false;
            }
        }

        void heal() {
            cuts.forEach(SimulatedNetwork.Cut::close);
            cluster.control().heal();
        }

        void replace() {
            Member next = cluster.successor(victim);
            long end = world.nanoTime() + PATIENCE.toNanos();
            while (!replaced(next.id())) {
                assertThat(world.nanoTime()).as("time until it is replaced").isLessThan(end);
                world.runFor(Duration.ofMillis(500));
            }
            next.start();
            assertThat(next.serves()).isTrue();
            assertThat(world.runUntil(
                            () -> knowing.tidal().membership().members().stream()
                                    .allMatch(each -> each.filling().isEmpty()),
                            PATIENCE))
                    .isTrue();
        }

        // Not while it leads, as far as the others know.
        private boolean replaced(NodeId next) {
            if (!knowing.serves()) {
                return false;
            }
            try {
                knowing.call(tidal -> {
                    tidal.membership().replace(victim.id(), next, next.name(), false);
                    return next;
                });
                return true;
            } catch (TidalException e) {
                world.note("it is not replaced yet: " + e.getMessage());
                return false;
            }
        }

        /** Checks that everybody knows a tenant, and has all that was acknowledged. */
        void check(TenantId known) {
            for (Member member : cluster.members()) {
                assertThat(world.runUntil(
                                () -> member.tidal().tenant(known).isPresent()
                                        && member.<Long>call(tidal -> tidal.tenant(TENANT)
                                                        .orElseThrow()
                                                        .total("view"))
                                                == acknowledged,
                                PATIENCE))
                        .as("what was acknowledged, at %s", member.id())
                        .isTrue();
            }
        }
    }
}
