package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.routing.ShardRouter;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-01: A tenant on shards that three nodes lead")
class RateOverShardsTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final int RATE = 50;
    private static final int BURST = 100;
    private static final int PER_WRITE = 5;

    private final SimulatedWorld world = new SimulatedWorld(11, Trace.off());

    /** Entities of each slot. */
    private final List<List<Long>> entities = new ArrayList<>();

    private long admitted;
    private long refused;

    private Tenant tenant(Member member) {
        return member.tidal().tenant(TENANT).orElseThrow();
    }

    /** Asks for twice the rate through some members, all of it for a slot that is another one every second. */
    private void demand(List<Member> members, int seconds) {
        long begin = world.nanoTime();
        int writes = 2 * RATE / PER_WRITE;
        for (int second = 0; second < seconds; second++) {
            List<Long> hot = entities.get(second % entities.size());
            for (int i = 0; i < writes; i++) {
                Member through = members.get(i % members.size());
                List<Signal> signals = hot.subList(0, PER_WRITE).stream()
                        .map(entity -> Signal.of("view", entity, 1))
                        .toList();
                tenant(through)
                        .recordAllAsync(signals, WriteOptions.DEFAULT.with(Duration.ofSeconds(5)))
                        .whenComplete((position, failure) -> answered(failure));
                world.runFor(Duration.ofMillis(1_000 / writes));
            }
        }
        assertThat(world.nanoTime() - begin).isGreaterThanOrEqualTo(seconds * 1_000_000_000L);
        world.runFor(Duration.ofSeconds(5));
    }

    private void answered(@Nullable Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause == null) {
            admitted += PER_WRITE;
        } else if (cause instanceof TidalException reason && reason.code() == ErrorCode.QUOTA_EXCEEDED) {
            refused += PER_WRITE;
        }
    }

    @Test
    @DisplayName(
            "has one rate, wherever the demand is: never more than the rate, the burst and a second's worth, and at least 95 % of it while more is asked for; whoever takes over from the node that counts grants no second burst")
    void oneRate() {
        for (int slot = 0; slot < 3; slot++) {
            int wanted = slot;
            ShardRouter router = ShardRouter.hashed(3);
            entities.add(LongStream.iterate(1, id -> id + 1)
                    .filter(id -> router.slot(id) == wanted)
                    .limit(PER_WRITE)
                    .boxed()
                    .toList());
        }
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            List<Member> members = cluster.members();
            members.get(0)
                    .call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                            .pinnedShards(ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s1"), ReplicaId.parse("r2:s2"))
                            .maxSignalsPerSecond(RATE)
                            .burst(BURST)
                            .build()));
            long begin = world.nanoTime();
            demand(members, 60);
            assertBounds(begin);
            long least = admitted;
            assertThat(least).isGreaterThanOrEqualTo(RATE * 60 * 95 / 100);
            members.get(0).machine().crash("it stops");
            assertThat(world.runUntil(
                            () -> !tenant(members.get(1)).placement().get(0).equals(ReplicaId.parse("r0:s0")),
                            Duration.ofMinutes(1)))
                    .isTrue();
            long down = world.nanoTime();
            long before = admitted;
            demand(members.subList(1, 3), 20);
            assertBounds(begin);
            assertThat(admitted - before).isLessThanOrEqualTo((long) (RATE * (world.nanoTime() - down) / 1e9) + RATE);
            assertThat(admitted - before).isGreaterThanOrEqualTo(RATE * 20 * 90 / 100);
            assertThat(refused).isPositive();
        }
    }

    private void assertBounds(long beginNanos) {
        double seconds = (world.nanoTime() - beginNanos) / 1e9;
        assertThat((double) admitted).isLessThanOrEqualTo(RATE * seconds + BURST + RATE);
    }
}
