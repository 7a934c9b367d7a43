package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
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
    private static final String CHECKPOINT = "checkpoint-s00002.ckpt";
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

    @Test
    @DisplayName("begins at the target with a checkpoint and all logs")
    void whole() {
        run(1, -1, null);
    }

    @Test
    @DisplayName("is folded at the target where the source can write no checkpoint")
    void full() {
        run(1, 0, null);
    }

    @Test
    @DisplayName("whatever crashes, and whenever, nothing is lost and nothing counts twice")
    void crashes() {
        for (int victim : new int[] {0, 2}) {
            for (int millis = 100; millis < 2_600; millis += 200) {
                run(millis, victim, Duration.ofMillis(millis));
            }
        }
    }

    /** @param after when the victim crashes; null if its disk is full instead, unless it is nobody's */
    private static void run(long seed, int victim, @Nullable Duration after) {
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
            if (after == null && victim >= 0) {
                cluster.members().get(victim).home().full(true);
            }
            if (after != null) {
                world.runFor(after);
                crash(world, cluster.members().get(victim));
            }
            assertThat(world.runUntil(
                            () -> status(through, id).state() == MigrationState.COMPLETE, Duration.ofMinutes(5)))
                    .as(() -> victim + " crashed after " + after + ": " + status(through, id))
                    .isTrue();
            writer.over = true;
            world.runFor(Duration.ofSeconds(35));
            String what = victim + " crashed after " + after;
            long total = through.call(tidal -> tidal.tenant(ID).orElseThrow().total("view"));
            assertThat(total).as(what).isBetween(writer.acknowledged, writer.attempted);
            UsageCheck usage = cluster.members()
                    .get(2)
                    .call(tidal -> tidal.tenant(ID).orElseThrow().verifyUsage());
            assertThat(usage.matches()).as(what + ": " + usage).isTrue();
            if (after == null) {
                assertThat(total).isEqualTo(writer.attempted);
                assertThat(cluster.members().get(2).home().find(ID, CHECKPOINT).isPresent())
                        .isEqualTo(victim < 0);
            }
        }
    }

    private static void crash(SimulatedWorld world, Member member) {
        member.machine().crash("while the tenant is copied");
        world.runFor(Duration.ofMillis(300));
        member.machine().restart();
        member.start();
    }

    private static MigrationStatus status(Member member, long id) {
        return member.call(tidal -> tidal.migrations().find(id)).orElseThrow();
    }
}
