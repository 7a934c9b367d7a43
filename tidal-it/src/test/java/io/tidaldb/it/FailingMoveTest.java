package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.core.control.LocalControlLogFactory;
import io.tidaldb.core.control.MigrationState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-18: A migration that fails at one of its steps, again and again")
class FailingMoveTest {

    private static final int TENANTS = 1_000;
    private static final TenantId FAILING = TenantId.of(1);
    private static final TenantId MOVING = TenantId.of(2);
    private static final ReplicaId HERE = ReplicaId.parse("r0:s0");
    private static final ReplicaId THERE = ReplicaId.parse("r1:s1");
    private static final MigrationOptions PATIENT =
            new MigrationOptions(OptionalLong.empty(), Duration.ofSeconds(5), Optional.of(Duration.ZERO), false, false);

    /** Which step of the failing tenant's migration is not agreed; null if all are. */
    private volatile @Nullable MigrationState failsAt;

    private final AtomicInteger failures = new AtomicInteger();

    private boolean fails(byte[] command) {
        return Commands.of(command, ClusterCommand.OfMigration.class)
                .filter(about -> FAILING.equals(about.tenant()) && leadsTo(about) == failsAt)
                .isPresent();
    }

    private static @Nullable MigrationState leadsTo(ClusterCommand.OfMigration command) {
        if (command instanceof ClusterCommand.CutOver) {
            return MigrationState.DRAINING;
        } else if (command instanceof ClusterCommand.ReplicasErased) {
            return MigrationState.COMPLETE;
        }
        return command instanceof ClusterCommand.StepMigration step ? step.next() : null;
    }

    /** A log that agrees on everything but that step. */
    private ControlLogFactory logs() {
        return ForwardingControlLog.before(new LocalControlLogFactory(), FailingLog::new);
    }

    private final class FailingLog extends ForwardingControlLog {

        FailingLog(ControlLog log) {
            super(log);
        }

        @Override
        public CompletionStage<Long> propose(byte[] command) {
            if (fails(command)) {
                failures.incrementAndGet();
                return CompletableFuture.failedFuture(
                        new TidalException(ErrorCode.PEER_UNAVAILABLE, "the log does not take this step"));
            }
            return super.propose(command);
        }
    }

    private static ReplicaId home(Tenant tenant) {
        return tenant.placement().get(0);
    }

    private static long start(Tidal tidal, Tenant tenant) {
        ReplicaId from = home(tenant);
        return tidal.migrations().start(tenant.id(), from, from.equals(HERE) ? THERE : HERE, PATIENT);
    }

    @Test
    @DisplayName(
            "goes on from there when it can, and loses nothing; 999 other tenants see no refusal meanwhile, and another migration completes")
    void othersDoNotNotice() throws Exception {
        try (Tidal tidal = Tidal.builder()
                .topology(Topology.regions(2).shards(2))
                .controlLog(logs())
                .signal("view", Duration.ofDays(7))
                .open()) {
            List<Tenant> tenants = tidal
                    .createTenants(IntStream.rangeClosed(1, TENANTS)
                            .mapToObj(id -> TenantConfig.builder(TenantId.of(id))
                                    .pinnedShards(HERE)
                                    .build())
                            .toList())
                    .stream()
                    .map(created -> tidal.tenant(created.id()).orElseThrow())
                    .toList();
            Tenant failing = tenants.get(0);
            failing.record("view", 1, 1);
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Integer> others = CompletableFuture.supplyAsync(() -> {
                int rounds = 0;
                // The last round is begun when all is over.
                for (boolean last = false; !last; rounds++) {
                    last = over.get();
                    tenants.subList(1, TENANTS).forEach(each -> each.record("view", 1, 1));
                }
                return rounds;
            });
            for (MigrationState state : List.of(
                    MigrationState.DUAL_WRITE,
                    MigrationState.VERIFYING,
                    MigrationState.CUTOVER,
                    MigrationState.DRAINING,
                    MigrationState.HOLD,
                    MigrationState.GC,
                    MigrationState.COMPLETE)) {
                failures.set(0);
                failsAt = state;
                long id = start(tidal, failing);
                Await.until(() -> failures.get() >= 2);
                long beside = start(tidal, tenants.get(1));
                MigrationMatrixTest.awaitState(tidal, beside, MigrationState.COMPLETE);
                assertThat(tidal.migrations().find(id).orElseThrow().state())
                        .as("before " + state)
                        .isNotEqualTo(MigrationState.COMPLETE);
                failsAt = null;
                MigrationMatrixTest.awaitState(tidal, id, MigrationState.COMPLETE);
                failing.record("view", 1, 1);
            }
            over.set(true);
            int rounds = others.join();
            assertThat(failing.total("view")).isEqualTo(8);
            assertThat(tidal.tenant(MOVING).orElseThrow().total("view")).isEqualTo(rounds);
            assertThat(tenants.subList(1, TENANTS)).allMatch(each -> each.total("view") == rounds);
        }
    }
}
