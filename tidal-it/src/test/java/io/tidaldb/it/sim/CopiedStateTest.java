package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName(
        "A tenant with many records of each of its entities is moved with its logs and the state that they come to")
class CopiedStateTest {

    private static final TenantId ID = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final String SENT = "checkpoint-s00000.ckpt";
    private static final String CHECKPOINT = "checkpoint-s00002.ckpt";
    private static final String AWAITED = "awaited-s00002";
    private static final Duration SHORTLY = Duration.ofMillis(300);
    private static final int RECORDS = 5_000;
    private static final int ENTITIES = 50;
    private static final WriteOptions PATIENT = WriteOptions.DEFAULT.with(Duration.ofSeconds(30));

    /** Copying takes about two seconds by that. */
    private static final long CAP = 100_000;

    /** Writes all the time. */
    private static final class Writer {

        private final SimulatedWorld world;
        private final Tenant tenant;
        private long attempted;
        private long acknowledged;
        private boolean over;

        Writer(SimulatedWorld world, Tenant tenant) {
            this.world = world;
            this.tenant = tenant;
        }

        private void write(int count) {
            List<Signal> signals = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                signals.add(Signal.of("view", attempted++ % ENTITIES, 1));
            }
            tenant.recordAllAsync(signals, PATIENT)
                    .whenComplete((position, failure) -> acknowledged += failure == null ? count : 0);
        }

        void next() {
            if (!over) {
                write(10);
                world.schedule(Duration.ofMillis(20), this::next);
            }
        }
    }

    /**
     * What goes wrong.
     *
     * @param victim whose machine crashes
     * @param after the move was started
     * @param away for how long
     */
    private record Crash(int victim, Duration after, Duration away) {}

    /** When the source had written its state, and when the target had it, after the move was started. */
    private record Times(Duration written, Duration given) {}

    @Test
    @DisplayName("begins at the target with a checkpoint and all logs")
    void whole() {
        assertThat(run(1, false, null).given).isPositive();
    }

    @Test
    @DisplayName("is folded at the target where the source can write no checkpoint")
    void full() {
        run(1, true, null);
    }

    @Test
    @DisplayName(
            "F-17: whatever crashes, and whenever, nothing is lost, nothing counts twice, and a target that comes back does not fold")
    void crashes() {
        for (int victim : new int[] {0, 2}) {
            for (int millis = 100; millis < 2_600; millis += 200) {
                run(millis, false, new Crash(victim, Duration.ofMillis(millis), SHORTLY));
            }
        }
    }

    @Test
    @DisplayName(
            "F-17: nor when that is just while the source writes its state, or the target takes it, also if another replica leads then")
    void crashesAtTheState() {
        Times times = run(1, false, null);
        Duration step = times.given.minus(times.written).dividedBy(4).plusMillis(1);
        for (int i = -1; i < 6; i++) {
            Duration after = times.written.plus(step.multipliedBy(i));
            run(1, false, new Crash(0, after, SHORTLY));
            run(1, false, new Crash(0, after, Duration.ofSeconds(5)));
            run(1, false, new Crash(2, after, SHORTLY));
        }
    }

    private static Times run(long seed, boolean full, @Nullable Crash crash) {
        SimulatedWorld world = new SimulatedWorld(seed, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member through = cluster.members().get(1);
            Tenant tenant = through.call(tidal -> tidal.createTenant(
                    TenantConfig.builder(ID).pinnedShards(SOURCE).build()));
            Writer writer = new Writer(world, tenant);
            for (int i = 0; i < RECORDS; i += 100) {
                writer.write(100);
                world.runFor(Duration.ofMillis(5));
            }
            world.runFor(Duration.ofSeconds(1));
            writer.next();
            long begun = world.nanoTime();
            long id = through.call(tidal -> tidal.migrations()
                    .start(
                            ID,
                            SOURCE,
                            TARGET,
                            new MigrationOptions(
                                    OptionalLong.of(CAP),
                                    Duration.ofSeconds(3),
                                    Optional.of(Duration.ZERO),
                                    true,
                                    false)));
            cluster.members().get(0).home().full(full);
            if (crash != null) {
                world.runFor(crash.after);
                crash(world, cluster.members().get(crash.victim), crash.away);
            }
            Duration written = full || crash != null ? Duration.ZERO : until(world, begun, cluster, 0, SENT);
            Duration given = full || crash != null ? Duration.ZERO : until(world, begun, cluster, 2, CHECKPOINT);
            assertThat(world.runUntil(
                            () -> status(through, id).state() == MigrationState.COMPLETE, Duration.ofMinutes(5)))
                    .as(() -> crash + ": " + status(through, id))
                    .isTrue();
            writer.over = true;
            world.runFor(Duration.ofSeconds(35));
            String what = String.valueOf(crash);
            long total = through.call(tidal -> tidal.tenant(ID).orElseThrow().total("view"));
            assertThat(total).as(what).isBetween(writer.acknowledged, writer.attempted);
            List<RecordedSignal> exported = new ArrayList<>();
            through.call(tidal -> {
                tidal.tenant(ID).orElseThrow().export(exported::add);
                return tidal;
            });
            assertThat(exported).as(what).hasSize((int) total);
            UsageCheck usage = cluster.members()
                    .get(2)
                    .call(tidal -> tidal.tenant(ID).orElseThrow().verifyUsage());
            assertThat(usage.matches()).as(what + ": " + usage).isTrue();
            assertThat(has(cluster, 2, CHECKPOINT)).as(what).isEqualTo(!full);
            assertThat(has(cluster, 2, AWAITED)).as(what).isFalse();
            if (crash == null) {
                assertThat(total).isEqualTo(writer.attempted);
            }
            return new Times(written, given);
        }
    }

    /** Lets time pass until a member has a file of the tenant; returns when that is. */
    private static Duration until(SimulatedWorld world, long begun, SimulatedMembers cluster, int member, String file) {
        assertThat(world.runUntil(() -> has(cluster, member, file), Duration.ofMinutes(1)))
                .as(file)
                .isTrue();
        return Duration.ofNanos(world.nanoTime() - begun);
    }

    private static boolean has(SimulatedMembers cluster, int member, String file) {
        return cluster.members().get(member).home().find(ID, file).isPresent();
    }

    private static void crash(SimulatedWorld world, Member member, Duration away) {
        member.machine().crash("while the tenant is copied");
        world.runFor(away);
        member.machine().restart();
        member.start();
    }

    private static MigrationStatus status(Member member, long id) {
        return member.call(tidal -> tidal.migrations().find(id)).orElseThrow();
    }
}
