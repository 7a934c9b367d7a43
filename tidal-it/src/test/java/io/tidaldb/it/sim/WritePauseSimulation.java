package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-10: While a slot changes hands and nothing fails")
class WritePauseSimulation {

    private static final TenantId ID = TenantId.of(7);
    private static final ReplicaId ONE = ReplicaId.parse("r0:s0");
    private static final ReplicaId OTHER = ReplicaId.parse("r1:s1");
    private static final List<Signal> WRITE = List.of(Signal.of("view", 1, 1));
    private static final WriteOptions PATIENT = WriteOptions.DEFAULT.with(Duration.ofSeconds(30));
    private static final int MOVES = 4;

    /** What a world's links and disks take, each time. */
    private record Times(Duration way, Duration sync) {

        static Times drawn(SimulatedRandom random) {
            return new Times(
                    Duration.ofNanos(random.between(100_000, 40_000_000)),
                    Duration.ofNanos(random.between(50_000, 4_000_000)));
        }

        Duration roundTrip() {
            return way.multipliedBy(2);
        }

        /**
         * Three round trips: the last batches, the proposal and its way to all. Three syncs: the target's of these batches, the control log's,
         * and the target's of the takeover. A simulated loop takes as long for a turn that syncs nothing: the freeze, a look at the logs,
         * and one that is under way when something comes.
         */
        Duration most() {
            return roundTrip().multipliedBy(3).plus(sync.multipliedBy(6));
        }

        /**
         * How much longer than usual a write takes.
         *
         * @param local whether who writes is where the slot leaves; from elsewhere, a write may be on its way there for nothing, which is a round
         *     trip and a turn at each end of it, and of the way to the target
         */
        Duration mostFelt(boolean local) {
            return local ? most() : most().plus(roundTrip()).plus(sync.multipliedBy(4));
        }

        /** How much longer than the pause a write may wait beside what it takes anyway: it is told of the change, and goes there and back. */
        Duration beside() {
            return roundTrip().multipliedBy(2).plus(sync.multipliedBy(6));
        }

        /** Agreed on by one who follows: there to the leader, to another's disk and back; all hear of it a way later. */
        ControlFaults control() {
            return new ControlFaults(
                    Latency.of(way.plus(roundTrip()).plus(sync)), Latency.of(way), ControlFaults.NONE.election(), 0, 0);
        }
    }

    /** Writes one after another; knows the longest time between two acknowledgements. */
    private static final class Writer {

        private final SimulatedWorld world;
        private final Tenant tenant;
        private long refused;
        private long last;
        private long longest;
        private boolean over;

        Writer(SimulatedWorld world, Tenant tenant) {
            this.world = world;
            this.tenant = tenant;
            this.last = world.nanoTime();
            next();
        }

        private void next() {
            if (!over) {
                tenant.recordAllAsync(WRITE, PATIENT).whenComplete((position, failure) -> {
                    refused += failure == null ? 0 : 1;
                    longest = Math.max(longest, world.nanoTime() - last);
                    last = world.nanoTime();
                    world.schedule(Duration.ZERO, this::next);
                });
            }
        }

        /** Returns the longest time since this was asked last. */
        Duration longest() {
            Duration was = Duration.ofNanos(longest);
            longest = 0;
            return was;
        }

        /** Returns the longest time in the time to come. */
        Duration longestOf(Duration span) {
            longest = 0;
            world.runFor(span);
            return longest();
        }
    }

    @Test
    @DisplayName(
            "writes wait for three round trips and three syncs at most beside what one takes anyway, and the status says for how long, in every seed")
    void isBounded() {
        Seeds.run(WritePauseSimulation.class, 5, WritePauseSimulation::run);
    }

    private static void run(long seed, Trace trace) {
        SimulatedWorld world = new SimulatedWorld(seed, trace);
        SimulatedRandom random = world.random("pause");
        Times times = Times.drawn(random);
        try (SimulatedMembers cluster = new SimulatedMembers(
                world,
                3,
                Duration.ofSeconds(2),
                Duration.ofHours(1),
                profile -> profile.withTurn(Latency.of(times.sync())))) {
            cluster.network().links(LinkQuality.faithful(Latency.of(times.way()), 0));
            cluster.control().faults(times.control());
            cluster.open();
            Member first = cluster.members().get(0);
            first.call(tidal -> tidal.createTenant(
                    TenantConfig.builder(ID).pinnedShards(ONE).build()));
            Member through = cluster.members().get((int) random.below(3));
            Writer writer = new Writer(world, through.tidal().tenant(ID).orElseThrow());
            world.runFor(Duration.ofSeconds(2));
            for (int move = 0; move < MOVES; move++) {
                ReplicaId from = move % 2 == 0 ? ONE : OTHER;
                Duration before = writer.longestOf(Duration.ofSeconds(2));
                long id = start(first, from, from.equals(ONE) ? OTHER : ONE);
                assertThat(world.runUntil(
                                () -> status(first, id).state() == MigrationState.COMPLETE, Duration.ofMinutes(2)))
                        .as(() -> status(first, id).toString())
                        .isTrue();
                assertThat(status(first, id).attempts()).isEqualTo(1);
                Duration during = writer.longest();
                Duration after = writer.longestOf(Duration.ofSeconds(2));
                Duration usual = before.compareTo(after) < 0 ? after : before;
                assertThat(during.minus(usual))
                        .as("a write takes " + usual + ", and took " + during + " while the slot changed hands; "
                                + times)
                        .isLessThanOrEqualTo(times.mostFelt(through.region().equals(from.region())));
                assertThat(status(first, id).writePause().orElseThrow())
                        .as("the pause, with " + times)
                        .isLessThanOrEqualTo(times.most());
                assertThat(status(first, id).writePause().orElseThrow())
                        .as("a write takes " + usual + ", and took " + during + "; " + times)
                        .isBetween(
                                during.minus(usual).minus(times.beside()),
                                // What was acknowledged before may be on its way while nothing is taken any more.
                                during.plus(times.way()).plus(times.sync().multipliedBy(2)));
            }
            writer.over = true;
            world.runFor(Duration.ofSeconds(5));
            assertThat(writer.refused).isZero();
        }
    }

    private static long start(Member member, ReplicaId from, ReplicaId to) {
        MigrationOptions options = new MigrationOptions(
                OptionalLong.empty(), Duration.ofSeconds(3), Optional.of(Duration.ZERO), false, false);
        return member.call(tidal -> tidal.migrations().start(ID, from, to, options));
    }

    private static MigrationStatus status(Member member, long id) {
        return member.call(tidal -> tidal.migrations().find(id)).orElseThrow();
    }
}
