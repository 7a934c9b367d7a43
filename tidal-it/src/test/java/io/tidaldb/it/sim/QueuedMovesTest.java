package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
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
import io.tidaldb.testkit.LossyDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-17, F-18: Migrations that can't go on")
class QueuedMovesTest {

    private static final ReplicaId HERE = ReplicaId.parse("r0:s0");
    private static final ReplicaId ELSEWHERE = ReplicaId.parse("r1:s1");
    private static final ReplicaId AWAY = ReplicaId.parse("r2:s2");
    private static final String QUEUED = "queued: 4 others are copied first";
    private static final String AWAITED = "waits for node n2, which has r2:s2";
    private static final String STALLED = "gets no further, and others are copied first: ";
    private static final int RECORDS = 500;

    /** So little that none is done before its node goes away. */
    private static final long CAP = 2_000;

    private final SimulatedWorld world = new SimulatedWorld(11, Trace.off());
    private final SimulatedMembers cluster =
            new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity());
    private final List<Tenant> tenants = new ArrayList<>();

    @BeforeEach
    void open() {
        cluster.open();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private Member member(int index) {
        return cluster.members().get(index);
    }

    private Tenant written(ReplicaId at, int records) {
        TenantId id = TenantId.of(10L + tenants.size());
        Tenant tenant = member(0)
                .call(tidal -> tidal.createTenant(
                        TenantConfig.builder(id).pinnedShards(at).build()));
        for (int i = 0; i < records; i += 50) {
            tenant.recordAllAsync(Collections.nCopies(50, Signal.of("view", i, 1)), WriteOptions.DEFAULT);
        }
        world.runFor(Duration.ofMillis(200));
        return tenant;
    }

    private long begin(ReplicaId from, ReplicaId to, long cap, Duration maxWritePause) {
        Tenant tenant = written(from, RECORDS);
        tenants.add(tenant);
        return begin(tenant.id(), from, to, cap, maxWritePause);
    }

    private long begin(TenantId id, ReplicaId from, ReplicaId to, long cap, Duration maxWritePause) {
        MigrationOptions options = new MigrationOptions(
                cap == 0 ? OptionalLong.empty() : OptionalLong.of(cap),
                maxWritePause,
                Optional.of(Duration.ZERO),
                false,
                false);
        return member(0).call(tidal -> tidal.migrations().start(id, from, to, options));
    }

    private long begin(ReplicaId from, ReplicaId to, long cap) {
        return begin(from, to, cap, Duration.ofSeconds(2));
    }

    private MigrationStatus status(int through, long id) {
        return member(through).call(tidal -> tidal.migrations().find(id)).orElseThrow();
    }

    private void awaitState(long id, MigrationState state) {
        await(() -> status(0, id).state() == state, id);
    }

    private void await(BooleanSupplier condition, long id) {
        long end = world.nanoTime() + Duration.ofMinutes(5).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(world.nanoTime()).as(() -> status(0, id).toString()).isLessThan(end);
            world.runFor(Duration.ofMillis(50));
        }
    }

    private List<Long> queued(int through) {
        return member(through).call(tidal -> tidal.migrations().all()).stream()
                .filter(each -> QUEUED.equals(each.note()))
                .map(MigrationStatus::id)
                .toList();
    }

    @Test
    @DisplayName(
            "leave their places to others while their target is away, and say so; they have them again when it is back, and all are done")
    void targetAway() {
        long[] waiting =
                LongStream.range(0, 5).map(each -> begin(HERE, AWAY, CAP)).toArray();
        assertThat(queued(0)).containsExactly(waiting[4]);
        member(2).machine().crash("it is away");
        for (long id : waiting) {
            for (int through : new int[] {0, 1}) {
                await(() -> AWAITED.equals(status(through, id).note()), id);
                assertThat(status(through, id).left()).isEmpty();
            }
        }
        for (int i = 0; i < 5; i++) {
            // What the source's follower has there is erased when it is back.
            awaitState(begin(HERE, ELSEWHERE, 0), MigrationState.HOLD);
        }
        List<Long> slow = LongStream.range(0, 5)
                .map(each -> begin(HERE, ELSEWHERE, 100))
                .boxed()
                .toList();
        assertThat(queued(0)).containsExactly(slow.get(4));
        assertThat(status(0, waiting[0]).state()).isEqualTo(MigrationState.PREPARING);

        member(2).machine().restart();
        world.execute(member(2)::start);
        await(() -> queued(0).size() == 6, waiting[4]);
        assertThat(queued(0)).doesNotContain(waiting[0], waiting[1], waiting[2], waiting[3]);
        assertThat(queued(2)).isEqualTo(queued(0));
        slow.forEach(id -> member(0).call(tidal -> {
            tidal.migrations().abort(id);
            return id;
        }));
        for (long id : waiting) {
            awaitState(id, MigrationState.COMPLETE);
        }
        slow.forEach(id -> awaitState(id, MigrationState.ABORTED));
        assertNothingLost();
    }

    private void assertNothingLost() {
        tenants.forEach(tenant -> {
            long total = member(0).call(tidal -> tenant.total("view"));
            assertThat(total).isEqualTo(RECORDS);
        });
    }

    private void awaitNote(long id, String start) {
        for (int through : new int[] {0, 1, 2}) {
            await(() -> String.valueOf(status(through, id).note()).startsWith(start), id);
            assertThat(status(through, id).left()).isEmpty();
        }
    }

    @Test
    @DisplayName("the same where the target's disk is full: they try on, say so, and go on as soon as it has room")
    void targetFull() {
        LossyDisk disk = member(2).machine().disks().disk(member(2).home().path());
        disk.capacity(0, false);
        long[] stalled =
                LongStream.range(0, 5).map(each -> begin(HERE, AWAY, CAP)).toArray();
        for (long id : stalled) {
            awaitNote(id, STALLED);
            assertThat(status(1, id).note()).endsWith("the disk is full: it has 0 bytes, as a test has asked for");
        }
        awaitState(begin(HERE, ELSEWHERE, 0), MigrationState.COMPLETE);
        assertThat(queued(0)).isEmpty();

        disk.capacity(Long.MAX_VALUE, false);
        for (long id : stalled) {
            awaitState(id, MigrationState.COMPLETE);
        }
        assertNothingLost();
    }

    @Test
    @DisplayName(
            "the same where the target's leader alone would have everything, as no other replica there has room for it")
    void targetAlone() {
        int records = 5_000;
        Tenant tenant = written(HERE, records);
        List<LossyDisk> full = List.of(0, 2).stream()
                .map(index -> member(index)
                        .machine()
                        .disks()
                        .disk(member(index).home().path()))
                .toList();
        full.forEach(disk -> disk.capacity(0, false));
        long id = begin(tenant.id(), HERE, ELSEWHERE, 0, Duration.ofSeconds(2));
        awaitNote(id, STALLED + "only 1 of 3 replicas of the target have nearly all");
        assertThat(status(0, id).state()).isEqualTo(MigrationState.VERIFYING);

        full.forEach(disk -> disk.capacity(Long.MAX_VALUE, false));
        awaitState(id, MigrationState.COMPLETE);
        long total = member(0).call(tidal -> tenant.total("view"));
        assertThat(total).isEqualTo(records);
    }

    @Test
    @DisplayName("the same where the target is taken out of service meanwhile: it is handed nothing before it is back")
    void targetDrained() {
        long[] waiting =
                LongStream.range(0, 5).map(each -> begin(HERE, AWAY, CAP)).toArray();
        NodeId host = NodeId.of("n2");
        member(0).call(tidal -> tidal.upgrades().drain(host, false, Duration.ofMinutes(1)));
        for (long id : waiting) {
            awaitNote(id, AWAITED + " and is out of service: it is DRAIN");
        }
        awaitState(begin(HERE, ELSEWHERE, 0), MigrationState.HOLD);
        world.runFor(Duration.ofMinutes(1));
        for (long id : waiting) {
            assertThat(status(0, id).state().isCutOver()).isFalse();
        }

        member(0).call(tidal -> tidal.upgrades().rejoin(host));
        for (long id : waiting) {
            awaitState(id, MigrationState.COMPLETE);
        }
        assertNothingLost();
    }

    @Test
    @DisplayName("the same where a cutover would hold writes back for longer than it may, until it is faster to agree")
    void pauseTooLong() {
        Latency slow = Latency.of(Duration.ofMillis(100));
        cluster.control().faults(new ControlFaults(slow, slow, ControlFaults.NONE.election(), 0, 0));
        long[] stalled = LongStream.range(0, 4)
                .map(each -> begin(HERE, AWAY, 0, Duration.ofMillis(80)))
                .toArray();
        long other = begin(HERE, ELSEWHERE, 0);
        for (long id : stalled) {
            awaitNote(id, STALLED + "a cutover would hold writes back for ");
        }
        awaitState(other, MigrationState.COMPLETE);
        cluster.control().faults(ControlFaults.NONE);
        for (long id : stalled) {
            awaitState(id, MigrationState.COMPLETE);
        }
        assertNothingLost();
    }

    @Test
    @DisplayName("the same where the source is away, until another replica leads it and goes on")
    void sourceAway() {
        long[] moved =
                LongStream.range(0, 4).map(each -> begin(AWAY, ELSEWHERE, CAP)).toArray();
        member(2).machine().crash("it is away");
        long other = begin(HERE, ELSEWHERE, 0);
        awaitState(other, MigrationState.HOLD);
        for (long id : moved) {
            awaitState(id, MigrationState.HOLD);
        }
        member(2).machine().restart();
        world.execute(member(2)::start);
        for (long id : moved) {
            awaitState(id, MigrationState.COMPLETE);
        }
        assertNothingLost();
    }
}
