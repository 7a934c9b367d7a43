package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.RecordedAct;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.UsageHour;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A tenant that another member leads")
class RoutedTenantTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final EntityId ANNA = EntityId.of(1_001);
    private static final int LEADER = 1;
    private static final int WRITES = 20;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final SimulatedWorld world = new SimulatedWorld(11, Trace.off());
    private final SimulatedMembers cluster =
            new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity());

    @AfterEach
    void close() {
        cluster.close();
    }

    private void create(UnaryOperator<TenantConfig.Builder> more) {
        cluster.open();
        cluster.members()
                .get(0)
                .call(tidal -> tidal.createTenant(more.apply(TenantConfig.builder(TENANT)
                                .pinnedShards(ReplicaId.parse("r" + LEADER + ":s0"))
                                .durability(Durability.MAJORITY))
                        .build()));
    }

    private static Tenant tenant(Member member) {
        return member.tidal().tenant(TENANT).orElseThrow();
    }

    /** Returns what a stage fails with, as whoever looks at the stage sees it. */
    private @Nullable Throwable failure(Member through, Function<Tenant, CompletionStage<Position>> write) {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        through.call(tidal -> write.apply(tenant(through)).whenComplete((position, reason) -> failure.set(reason)));
        world.runUntil(() -> failure.get() != null, PATIENCE);
        return failure.get();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, LEADER})
    @DisplayName("fails a write that nobody waits for as it fails others, with the refusal itself")
    void refusals(int member) {
        create(config -> config.maxSignalsPerSecond(0.001).burst(1.0));
        Member through = cluster.members().get(member);
        through.call(tidal -> tenant(through).record("view", 1, 1));
        List<Function<Tenant, CompletionStage<Position>>> writes = List.of(
                tenant -> tenant.recordAllAsync(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT),
                tenant -> tenant.negatives().addAsync(NegativeKind.HIDE, ANNA, EntityId.of(1), WriteOptions.DEFAULT),
                tenant -> tenant.sessions()
                        .writeAsync(
                                SessionId.of(1),
                                SessionSeqNo.FIRST,
                                new SessionEvent.Start(ANNA),
                                WriteOptions.DEFAULT));
        for (Function<Tenant, CompletionStage<Position>> write : writes) {
            assertThat(failure(through, write))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED));
        }
    }

    @Test
    @DisplayName("is exported, and counted again, as soon as another one leads when the leader is lost: like a write")
    void leaderLost() {
        create(UnaryOperator.identity());
        Member reader = cluster.members().get(0);
        for (int i = 0; i < WRITES; i++) {
            long entity = i;
            reader.call(tidal -> tenant(reader).record("view", entity, 1));
        }
        reader.call(tidal -> tenant(reader).negatives().add(NegativeKind.HIDE, ANNA, ANNA, WriteOptions.DEFAULT));
        List<Function<Tenant, Long>> looks = List.of(
                tenant -> {
                    List<RecordedSignal> signals = new ArrayList<>();
                    tenant.export(signals::add);
                    return (long) signals.size();
                },
                tenant -> {
                    List<RecordedAct> acts = new ArrayList<>();
                    tenant.exportActs(acts::add);
                    return acts.size() + (long) WRITES - 1;
                },
                tenant -> tenant.usageByHour().stream()
                        .mapToLong(UsageHour::signals)
                        .sum());
        for (Function<Tenant, Long> look : looks) {
            Member leader = cluster.members()
                    .get(tenant(reader).placement().get(0).region().value());
            if (leader == reader) {
                reader.call(tidal -> {
                    tidal.promote(TENANT, ReplicaId.parse("r" + LEADER + ":s0"));
                    return reader;
                });
                leader = cluster.members().get(LEADER);
            }
            leader.machine().crash("it is lost");
            assertThat(reader.<Long>call(tidal -> look.apply(tenant(reader)))).isEqualTo(WRITES);
            leader.machine().restart();
            leader.start();
            world.runFor(PATIENCE);
        }
    }
}
