package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.control.MigrationState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A migration that must not be is refused with the reason, and changes nothing")
class MigrationRefusalsTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final NodeId HOST = NodeId.of("n2");
    private static final MigrationOptions NO_HOLD = MigrationOptions.DEFAULT.holding(Duration.ZERO);

    private final Tidal tidal = Tidal.builder()
            .topology(Topology.regions(3).shardsPerRegion(3))
            .signal("view", Duration.ofDays(7))
            .open();

    @AfterEach
    void close() {
        tidal.close();
    }

    private Tenant tenant(UnaryOperator<TenantConfig.Builder> config) {
        Tenant tenant = tidal.createTenant(
                config.apply(TenantConfig.builder(TENANT).pinnedShards(SOURCE)).build());
        tenant.record("view", 1, 1);
        return tenant;
    }

    private void assertRefused(ErrorCode code, ReplicaId from, ReplicaId to, String... words) {
        List<MigrationStatus> before = tidal.migrations().all();
        List<ReplicaId> placement = tidal.tenant(TENANT).orElseThrow().placement();
        assertRefused(code, () -> tidal.migrations().start(TENANT, from, to, NO_HOLD), words);
        assertThat(tidal.migrations().plan(TENANT, from, to, NO_HOLD).refusal())
                .isNotNull()
                .extracting(TidalException::code)
                .isEqualTo(code);
        assertThat(tidal.migrations().all()).hasSameSizeAs(before);
        assertThat(tidal.tenant(TENANT).orElseThrow().placement()).isEqualTo(placement);
    }

    private static void assertRefused(ErrorCode code, ThrowingCallable change, String... words) {
        assertThatThrownBy(change)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code))
                .message()
                .contains(words);
    }

    private void await(long id, MigrationState state) {
        MigrationMatrixTest.awaitState(tidal, id, state);
    }

    @Test
    @DisplayName("R-60: no such tenant or shard, source and target the same, of one shard, or not the leader's")
    void unknown() {
        assertRefused(
                ErrorCode.TENANT_NOT_FOUND,
                () -> tidal.migrations().start(TenantId.of(8), SOURCE, TARGET, NO_HOLD),
                "tenant t8 does not exist");
        tenant(UnaryOperator.identity());
        assertRefused(ErrorCode.INVALID_ARGUMENT, SOURCE, SOURCE, "source and target are both r0:s0");
        assertRefused(ErrorCode.INVALID_ARGUMENT, SOURCE, ReplicaId.parse("r1:s0"), "promote it instead");
        assertRefused(ErrorCode.INVALID_ARGUMENT, SOURCE, ReplicaId.parse("r0:s9"), "no shard r0:s9");
        assertRefused(ErrorCode.INVALID_ARGUMENT, TARGET, SOURCE, "leads none of its slots", "r0:s0");
    }

    @Test
    @DisplayName("R-03: where the tenant must not be")
    void residency() {
        tenant(config -> config.requiredRegions(RegionId.of(0), RegionId.of(1)));
        assertRefused(ErrorCode.INVALID_ARGUMENT, SOURCE, TARGET, "in a region where it must not be", "r0, r1");
    }

    @Test
    @DisplayName("F-21: of a tenant that holds more than its quota")
    void quota() {
        Tenant tenant = tenant(UnaryOperator.identity());
        for (int entity = 0; entity < 100; entity++) {
            tenant.record("view", entity, 1);
        }
        tidal.updateTenant(tenant.config().toBuilder().maxStorageBytes(100).build());
        assertRefused(ErrorCode.QUOTA_EXCEEDED, SOURCE, TARGET, "tenant t7 exceeds its quota STORAGE_BYTES");
    }

    @Test
    @DisplayName("R-70: to a node that is drained, until it is back; to one that is down, until it is up")
    void away() {
        tenant(UnaryOperator.identity());
        tidal.upgrades()
                .drain(HOST, false, Duration.ofMinutes(1))
                .toCompletableFuture()
                .join();
        assertRefused(ErrorCode.UNSAFE, SOURCE, TARGET, "node n2", "DRAINED", "let it rejoin first");
        tidal.upgrades().rejoin(HOST).toCompletableFuture().join();
        tidal.crashNode(HOST);
        assertRefused(ErrorCode.PEER_UNAVAILABLE, SOURCE, TARGET, "node n2 is not running");
        tidal.startNode(HOST);
        await(tidal.migrations().start(TENANT, SOURCE, TARGET, NO_HOLD), MigrationState.COMPLETE);
    }

    @Test
    @DisplayName("R-61: to a shard where another slot of it is being erased, which would be erased with it")
    void erasing() {
        ReplicaId other = ReplicaId.parse("r1:s1");
        ReplicaId there = ReplicaId.parse("r0:s2");
        Tenant tenant = tenant(config -> config.pinnedShards(SOURCE, other));
        for (int entity = 0; entity < 100; entity++) {
            tenant.record("view", entity, 1);
        }
        long id = tidal.migrations()
                .start(
                        TENANT,
                        SOURCE,
                        TARGET,
                        new MigrationOptions(
                                OptionalLong.of(1), Duration.ofMillis(100), Optional.empty(), false, false));
        tidal.crashNode(HOST);
        tidal.migrations().abort(id);
        assertRefused(
                ErrorCode.INVALID_ARGUMENT,
                other,
                there,
                "what shard s2 has of another slot of it is being erased, by migration " + id + " in state ABORTING");
        tidal.startNode(HOST);
        await(id, MigrationState.ABORTED);
        await(tidal.migrations().start(TENANT, other, there, NO_HOLD), MigrationState.COMPLETE);
        assertThat(tenant.total("view")).isEqualTo(101);
    }

    @Test
    @DisplayName(
            "F-13: what it would come to once the hold of the one before is over, in each state of that; nothing is changed")
    void afterHold() {
        tenant(config -> config.requiredRegions(RegionId.of(0), RegionId.of(2)));
        long id =
                tidal.migrations().start(TENANT, SOURCE, TARGET, MigrationOptions.DEFAULT.holding(Duration.ofHours(1)));
        await(id, MigrationState.HOLD);
        assertThat(afterHold(SOURCE)).isNull();
        assertThat(afterHold(ReplicaId.parse("r0:s1"))).isNull();
        assertThat(afterHold(ReplicaId.parse("r1:s1"))).hasMessageContaining("in a region where it must not be");
        assertThat(afterHold(ReplicaId.parse("r0:s9"))).hasMessageContaining("no shard r0:s9");
        assertThat(afterHold(TARGET)).hasMessageContaining("source and target are both r2:s2");
        tidal.crashNode(NodeId.of("n0"));
        assertThat(afterHold(ReplicaId.parse("r0:s1"))).hasMessageContaining("node n0 is not running");
        assertThat(tidal.migrations().find(id).orElseThrow().state()).isEqualTo(MigrationState.HOLD);
        tidal.migrations().endHold(id);
        assertThat(afterHold(ReplicaId.parse("r2:s0"))).isNull();
        tidal.startNode(NodeId.of("n0"));
        await(id, MigrationState.COMPLETE);
        assertThat(afterHold(SOURCE)).isNull();
        await(tidal.migrations().start(TENANT, TARGET, SOURCE, NO_HOLD), MigrationState.COMPLETE);
    }

    private @Nullable TidalException afterHold(ReplicaId to) {
        return tidal.migrations().planAfterHold(TENANT, TARGET, to, NO_HOLD).refusal();
    }

    @Test
    @DisplayName(
            "R-61, F-13: while one runs or is held; one that is complete is not aborted, nor reversed when nothing is held")
    void again() {
        Tenant tenant = tenant(UnaryOperator.identity());
        long id =
                tidal.migrations().start(TENANT, SOURCE, TARGET, MigrationOptions.DEFAULT.holding(Duration.ofHours(1)));
        ReplicaId led = tenant.placement().get(0);
        assertRefused(
                ErrorCode.INVALID_ARGUMENT,
                () -> tidal.migrations().start(TENANT, led, ReplicaId.parse("r1:s1"), NO_HOLD),
                "migration " + id);
        await(id, MigrationState.HOLD);
        assertRefused(ErrorCode.INVALID_ARGUMENT, TARGET, SOURCE, "migration " + id, "end its hold first");
        assertRefused(ErrorCode.INVALID_ARGUMENT, () -> tidal.migrations().abort(id), "HOLD", "reverse it instead");
        tidal.migrations().endHold(id);
        await(id, MigrationState.COMPLETE);
        assertRefused(ErrorCode.INVALID_ARGUMENT, () -> tidal.migrations().abort(id), "COMPLETE", "start another one");
        assertRefused(
                ErrorCode.INVALID_ARGUMENT, () -> tidal.migrations().reverse(id), "COMPLETE", "start another one");
        assertRefused(ErrorCode.INVALID_ARGUMENT, () -> tidal.migrations().endHold(id), "holds nothing");
        assertRefused(ErrorCode.INVALID_ARGUMENT, () -> tidal.migrations().pause(id), "COMPLETE");
        assertThat(tenant.total("view")).isOne();
    }
}
