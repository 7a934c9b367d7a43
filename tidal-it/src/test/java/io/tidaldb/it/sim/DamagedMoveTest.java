package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.ingest.Digests;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A bit that turns at rest while a slot is moved")
class DamagedMoveTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final int WRITES = 50;
    private static final int SIGNALS = 100;
    private static final Duration HOLD = Duration.ofHours(1);

    private final SimulatedWorld world = new SimulatedWorld(3, Trace.off());
    private final SimulatedMembers cluster =
            new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity());
    private Member first;

    @BeforeEach
    void write() {
        cluster.scrubbing(Duration.ofMillis(500));
        cluster.open();
        first = cluster.members().get(0);
        first.call(tidal -> tidal.createTenant(
                TenantConfig.builder(TENANT).pinnedShards(SOURCE).build()));
        for (int i = 0; i < WRITES; i++) {
            List<Signal> signals = new ArrayList<>();
            for (int j = 0; j < SIGNALS; j++) {
                signals.add(Signal.of("view", i * SIGNALS + j, 1));
            }
            first.call(tidal -> tidal.tenant(TENANT).orElseThrow().recordAll(signals));
        }
        world.runFor(Duration.ofSeconds(2));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Begins to move the slot, so slowly that it takes some seconds. */
    private long move() {
        return move(Duration.ofSeconds(2));
    }

    private long move(Duration maxWritePause) {
        return first.call(tidal -> tidal.migrations()
                .start(
                        TENANT,
                        SOURCE,
                        TARGET,
                        new MigrationOptions(OptionalLong.of(10_000), maxWritePause, Optional.of(HOLD), false, false)));
    }

    private MigrationStatus status(long id) {
        return first.call(tidal -> tidal.migrations().find(id)).orElseThrow();
    }

    private void awaitState(long id, MigrationState state) {
        assertThat(world.runUntil(() -> status(id).state() == state, Duration.ofMinutes(2)))
                .as(() -> status(id).toString())
                .isTrue();
    }

    private Member member(int region) {
        return cluster.members().get(region);
    }

    private void turnABit(int region, ShardId shard) {
        Member member = member(region);
        assertThat(member.machine()
                        .disks()
                        .disk(member.home().path())
                        .rot(log -> log.holder().equals(shard), new SimulatedRandom(5)))
                .isPresent();
    }

    private void awaitRefetched(int region) {
        assertThat(world.runUntil(() -> member(region).tidal().scrub().refetched() == 1, Duration.ofSeconds(30)))
                .isTrue();
    }

    private void awaitAudited(String about) {
        assertThat(world.runUntil(
                        () -> first.tidal().audit(1, 1000, null).entries().stream()
                                .anyMatch(entry ->
                                        entry.command().equals("report-damage") && about.equals(entry.about())),
                        Duration.ofSeconds(10)))
                .as(() -> first.tidal().audit(1, 1000, null).toString())
                .isTrue();
    }

    /** Returns what a replica holds, by origin. */
    private Map<String, String> state(int region, ReplicaId replica) {
        return Replicas.of(member(region).tidal(), TENANT, replica.shard()).stream()
                .map(Digests::of)
                .findFirst()
                .orElseThrow();
    }

    /** Everything is there, through whoever is asked, nothing is damaged, and writes are taken. */
    private void everythingIsThere() {
        for (Member member : cluster.members()) {
            Tenant tenant = member.tidal().tenant(TENANT).orElseThrow();
            for (int entity = 0; entity < WRITES * SIGNALS; entity += 97) {
                long asked = entity;
                assertThat((long) member.call(tidal ->
                                tenant.read("view", asked, ReadOptions.DEFAULT).count()))
                        .isOne();
            }
            assertThat((long) member.call(tidal -> tenant.total("view"))).isEqualTo((long) WRITES * SIGNALS);
        }
        assertThat(first.tidal().health().tenants())
                .allSatisfy(each -> assertThat(each.damage()).isNull())
                .allSatisfy(each -> assertThat(each.lost()).isEmpty());
        assertThat((Object)
                        first.call(tidal -> tidal.tenant(TENANT).orElseThrow().record("view", 1, 1)))
                .isNotNull();
    }

    private void endHold(long id) {
        first.call(tidal -> {
            tidal.migrations().endHold(id);
            return id;
        });
        awaitState(id, MigrationState.COMPLETE);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    @DisplayName("at the target, with its first replica or another one, is found, and that is given all of it again")
    void target(int region) {
        long id = move();
        world.runFor(Duration.ofSeconds(2));
        assertThat(status(id).state()).isEqualTo(MigrationState.PREPARING);
        turnABit(region, TARGET.shard());
        awaitRefetched(region);
        awaitAudited("r" + region + ":s2: what it held is fetched from n0 again");
        awaitState(id, MigrationState.HOLD);
        endHold(id);
        everythingIsThere();
    }

    @Test
    @DisplayName(
            "at a target that has had everything leads back to copying, with the reason: nobody counts on what it had said")
    void targetThatHadEverything() {
        // Shorter than any message takes: it does not change hands.
        long id = move(Duration.ofMillis(1));
        List<String> backToCopying = new ArrayList<>();
        cluster.control()
                .watch(
                        seen -> {},
                        agreed -> Commands.of(agreed, ClusterCommand.StepMigration.class)
                                .filter(step -> step.next() == MigrationState.PREPARING)
                                .ifPresent(step -> backToCopying.add(String.valueOf(step.reason()))));
        awaitState(id, MigrationState.DUAL_WRITE);
        world.runFor(Duration.ofSeconds(5));
        turnABit(2, TARGET.shard());
        awaitRefetched(2);
        assertThat(backToCopying).contains("r2:s2 was damaged: what it held is fetched from n0 again");
        awaitState(id, MigrationState.PREPARING);
        awaitState(id, MigrationState.DUAL_WRITE);
        assertThat(world.runUntil(() -> state(2, TARGET).equals(state(0, SOURCE)), Duration.ofMinutes(1)))
                .isTrue();
        first.call(tidal -> {
            tidal.migrations().abort(id);
            return id;
        });
        awaitState(id, MigrationState.ABORTED);
        everythingIsThere();
    }

    @Test
    @DisplayName(
            "at the target, which crashes before it is found, is found when it is opened again; reads go on after the move")
    void targetThatCrashes() {
        long id = move();
        world.runFor(Duration.ofSeconds(2));
        Member target = member(2);
        target.machine().crash("with a bit that turned");
        turnABit(2, TARGET.shard());
        target.machine().restart();
        target.start();
        awaitState(id, MigrationState.HOLD);
        assertThat(target.tidal().scrub().refetched()).isOne();
        everythingIsThere();
    }

    @Test
    @DisplayName("at the source is found, and another replica of it leads and is moved from")
    void source() {
        long id = move();
        world.runFor(Duration.ofSeconds(2));
        turnABit(0, SOURCE.shard());
        awaitRefetched(0);
        awaitState(id, MigrationState.HOLD);
        endHold(id);
        everythingIsThere();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @DisplayName("at the former source, while it is held, is found, and what it held is fetched from the target")
    void formerSource(int region) {
        long id = move();
        awaitState(id, MigrationState.HOLD);
        turnABit(region, SOURCE.shard());
        awaitRefetched(region);
        first.call(tidal -> {
            tidal.migrations().reverse(id);
            return id;
        });
        awaitState(id, MigrationState.HOLD);
        assertThat(first.tidal().tenant(TENANT).orElseThrow().placement()).containsExactly(SOURCE);
        endHold(id);
        everythingIsThere();
    }

    @Test
    @DisplayName("at the former source does not keep a move from ending that has all that is there")
    void movedAwayFromDamage() {
        long id = move();
        awaitState(id, MigrationState.HOLD);
        turnABit(1, SOURCE.shard());
        endHold(id);
        everythingIsThere();
    }
}
