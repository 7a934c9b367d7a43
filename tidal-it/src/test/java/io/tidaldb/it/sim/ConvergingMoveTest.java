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
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-15: A tenant that writes at twice the rate at which it may be copied")
class ConvergingMoveTest {

    private static final TenantId FAST = TenantId.of(7);
    private static final TenantId NEIGHBOUR = TenantId.of(8);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final List<Signal> WRITE = Collections.nCopies(40, Signal.of("view", 1, 1));
    private static final WriteOptions PATIENT = WriteOptions.DEFAULT.with(Duration.ofSeconds(30));

    private final SimulatedWorld world = new SimulatedWorld(3, Trace.off());
    private boolean over;

    /** Writes one after another, each a while after the one before was acknowledged. */
    private final class Writer {

        private final Tenant tenant;
        private final Duration pause;
        private long acknowledged;
        private long refused;
        private long nanos;

        Writer(Tenant tenant, Duration pause) {
            this.tenant = tenant;
            this.pause = pause;
            next();
        }

        private void next() {
            if (over) {
                return;
            }
            long began = world.nanoTime();
            tenant.recordAllAsync(WRITE, PATIENT)
                    .whenComplete((position, failure) -> answered(world.nanoTime() - began, failure));
        }

        private void answered(long took, @Nullable Throwable failure) {
            refused += failure == null ? 0 : 1;
            acknowledged += failure == null ? 1 : 0;
            nanos += took;
            world.schedule(pause, this::next);
        }

        /** Returns how long a write takes on average in the time to come. */
        double meanNanos(Duration during) {
            long count = acknowledged;
            long before = nanos;
            world.runFor(during);
            return (double) (nanos - before) / (acknowledged - count);
        }
    }

    private MigrationStatus status(Member member, long id) {
        return member.call(tidal -> tidal.migrations().find(id)).orElseThrow();
    }

    private long start(Member member, boolean slowDown) {
        // About half of what the fast one writes.
        return member.call(tidal -> tidal.migrations()
                .start(
                        FAST,
                        SOURCE,
                        TARGET,
                        new MigrationOptions(
                                OptionalLong.of(18_000),
                                Duration.ofSeconds(2),
                                Optional.of(Duration.ZERO),
                                false,
                                slowDown)));
    }

    @Test
    @DisplayName(
            "is said not to converge within 10 s, with both rates, and is moved if it may be slowed down; no write is refused, and a neighbour's take as long as before")
    void converges() {
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member member = cluster.members().get(0);
            for (TenantId id : List.of(FAST, NEIGHBOUR)) {
                member.call(tidal -> tidal.createTenant(
                        TenantConfig.builder(id).pinnedShards(SOURCE).build()));
            }
            Writer fast = new Writer(member.tidal().tenant(FAST).orElseThrow(), Duration.ofMillis(30));
            Writer neighbour = new Writer(member.tidal().tenant(NEIGHBOUR).orElseThrow(), Duration.ofMillis(30));
            world.runFor(Duration.ofSeconds(3));

            long stuck = start(member, false);
            double unhurried = neighbour.meanNanos(Duration.ofSeconds(10));
            assertThat(status(member, stuck).note())
                    .matches("NOT_CONVERGING: \\d+ records are missing; \\d+ a second are written and \\d+ are sent.*");
            long written = rate(status(member, stuck), "(\\d+) a second are written");
            long sent = rate(status(member, stuck), "(\\d+) are sent");
            assertThat((double) written / sent).isBetween(1.5, 3.0);
            world.runFor(Duration.ofSeconds(5));
            assertThat(status(member, stuck).state()).isIn(MigrationState.PREPARING, MigrationState.DUAL_WRITE);
            member.call(tidal -> {
                tidal.migrations().abort(stuck);
                return tidal;
            });
            assertThat(world.runUntil(
                            () -> status(member, stuck).state() == MigrationState.ABORTED, Duration.ofMinutes(1)))
                    .isTrue();

            long slowed = start(member, true);
            double beside = neighbour.meanNanos(Duration.ofSeconds(10));
            assertThat(beside).isLessThan(1.25 * unhurried);
            assertThat(world.runUntil(
                            () -> status(member, slowed).state() == MigrationState.COMPLETE, Duration.ofMinutes(5)))
                    .as(() -> status(member, slowed).toString())
                    .isTrue();
            long before = fast.acknowledged;
            world.runFor(Duration.ofSeconds(10));
            assertThat(fast.acknowledged - before).as("as fast as before").isGreaterThan(200);
            over = true;
            world.runFor(Duration.ofSeconds(2));
            assertThat(fast.refused).isZero();
            assertThat(neighbour.refused).isZero();
            long total = member.call(tidal -> tidal.tenant(FAST).orElseThrow().total("view"));
            assertThat(total).isEqualTo(fast.acknowledged * WRITE.size());
        }
    }

    private static long rate(MigrationStatus status, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(String.valueOf(status.note()));
        assertThat(found.find()).isTrue();
        return Long.parseLong(found.group(1));
    }
}
