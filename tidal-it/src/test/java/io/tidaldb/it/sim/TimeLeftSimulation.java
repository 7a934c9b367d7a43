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
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-21: The time that a move has left by its status, when a tenth of it is done")
class TimeLeftSimulation {

    private static final TenantId ID = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final WriteOptions PATIENT = WriteOptions.DEFAULT.with(Duration.ofSeconds(30));
    private static final int RECORD_BYTES = 24;

    /** By then it has to be known, however much of all came in one commit. */
    private static final double KNOWN_PROGRESS = 0.5;

    /** Of which a guess may be wrong that is about next to nothing. */
    private static final double MOMENT_SECONDS = 0.3;

    /**
     * What is moved, and beside what.
     *
     * @param records that there are
     * @param batch how many of them were written at a time
     * @param cap what may be copied in a second, in bytes; 0 for no bound
     * @param written records that are written in a second meanwhile
     * @param writes how many of them at a time
     */
    private record Scene(int records, int batch, long cap, long written, int writes) {

        static Scene drawn(SimulatedRandom random) {
            int records = (int) random.between(6_000, 20_000);
            boolean capped = random.chance(750_000);
            // Of 2 to 30 s, of which writes take up to a third.
            long cap = capped ? (long) RECORD_BYTES * records / random.between(3, 40) : 0;
            long most = capped ? cap / RECORD_BYTES / 3 : 5_000;
            return new Scene(records, (int) random.between(50, 250), cap, random.between(0, most), (int)
                    random.between(10, 100));
        }

        Duration pause() {
            return Duration.ofNanos(1_000_000_000L * writes / Math.max(1, written));
        }
    }

    private static final class Writer {

        private final SimulatedWorld world;
        private final Tenant tenant;
        private final Scene scene;
        private long refused;
        private long entity;
        private boolean over;

        Writer(SimulatedWorld world, Tenant tenant, Scene scene) {
            this.world = world;
            this.tenant = tenant;
            this.scene = scene;
        }

        private List<Signal> signals(int count) {
            List<Signal> signals = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                signals.add(Signal.of("view", entity++ % 100, 1));
            }
            return signals;
        }

        void fill() {
            for (int written = 0; written < scene.records; written += scene.batch) {
                tenant.recordAllAsync(signals(scene.batch), PATIENT);
                world.runFor(Duration.ofMillis(2));
            }
            world.runFor(Duration.ofSeconds(1));
        }

        void next() {
            if (!over && scene.written > 0) {
                tenant.recordAllAsync(signals(scene.writes), PATIENT)
                        .whenComplete((position, failure) -> refused += failure == null ? 0 : 1);
                world.schedule(scene.pause(), this::next);
            }
        }
    }

    @Test
    @DisplayName(
            "is within a quarter of what it then takes, whatever its size, the bound on copying and the writes beside it")
    void isNear() {
        Seeds.run(TimeLeftSimulation.class, 4, TimeLeftSimulation::run);
    }

    private static void run(long seed, Trace trace) {
        SimulatedWorld world = new SimulatedWorld(seed, trace);
        Scene scene = Scene.drawn(world.random("scene"));
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofSeconds(2), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member member = cluster.members().get(0);
            Tenant tenant = member.call(tidal -> tidal.createTenant(
                    TenantConfig.builder(ID).pinnedShards(SOURCE).build()));
            Writer writer = new Writer(world, tenant, scene);
            writer.fill();
            writer.next();
            long id = start(member, scene);
            // The first commit may be a tenth of all, or half: what is written beside it is not known before.
            MigrationStatus then = until(
                    world,
                    member,
                    id,
                    status -> status.progress() >= 0.1 && status.left().isPresent());
            if (scene.cap > 0) {
                assertThat(then.progress()).as(scene + " " + then).isLessThan(KNOWN_PROGRESS);
            }
            long since = world.nanoTime();
            until(world, member, id, status -> status.state().isCutOver());
            double took = (world.nanoTime() - since) / 1e9;
            double left = then.left().orElseThrow().toNanos() / 1e9;
            assertThat(Math.abs(left - took))
                    .as(scene + ": " + left + " s were left and it took " + took + " s; " + then)
                    .isLessThanOrEqualTo(Math.max(MOMENT_SECONDS, 0.25 * took));
            writer.over = true;
            world.runFor(Duration.ofSeconds(5));
            assertThat(writer.refused).isZero();
        }
    }

    private static MigrationStatus until(
            SimulatedWorld world, Member member, long id, Predicate<MigrationStatus> condition) {
        long end = world.nanoTime() + Duration.ofMinutes(10).toNanos();
        MigrationStatus status = status(member, id);
        while (!condition.test(status)) {
            assertThat(world.nanoTime()).as(status.toString()).isLessThan(end);
            world.runFor(Duration.ofMillis(20));
            status = status(member, id);
        }
        return status;
    }

    private static long start(Member member, Scene scene) {
        MigrationOptions options = new MigrationOptions(
                scene.cap == 0 ? OptionalLong.empty() : OptionalLong.of(scene.cap),
                Duration.ofSeconds(3),
                Optional.of(Duration.ZERO),
                false,
                false);
        return member.call(tidal -> tidal.migrations().start(ID, SOURCE, TARGET, options));
    }

    private static MigrationStatus status(Member member, long id) {
        return member.call(tidal -> tidal.migrations().find(id)).orElseThrow();
    }
}
