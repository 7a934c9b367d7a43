package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("F-72: A member that has restored a tenant, and is lost for good right after that")
class LostRestorerTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final TenantId COPY = TenantId.of(2);
    private static final int WRITES = 20;

    /** Not as long as a lease. */
    private static final Duration CUT_OFF = Duration.ofMillis(500);

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static Tenant tenant(Tidal tidal, TenantId id) {
        return tidal.tenant(id).orElseThrow();
    }

    private static KeptBackup backUp(Member through) {
        return new KeptBackup(List.of(through.<byte[]>call(tidal -> {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try {
                tidal.backup(TENANT, BackupPoint.NOTHING, out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return out.toByteArray();
        })));
    }

    private static void restore(Member through, BackupSource backup) {
        through.call(tidal -> {
            try {
                return tidal.restore(backup, RestoreOptions.DEFAULT.as(COPY));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static boolean isWritten(Member through) {
        try {
            through.call(tidal -> tenant(tidal, COPY).record("view", 1, 1));
            return true;
        } catch (TidalException e) {
            return false;
        }
    }

    @ParameterizedTest(name = "with a checkpoint instead of logs: {0}")
    @ValueSource(booleans = {false, true})
    @DisplayName("leaves all of it to the others, though it was cut off from them meanwhile: they lead, and it goes on")
    void leavesItToOthers(boolean truncated) {
        SimulatedWorld world = new SimulatedWorld(7, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            if (truncated) {
                cluster.retaining(Duration.ofMillis(1));
            }
            cluster.open();
            Member restorer = cluster.members().get(0);
            List<Member> others = cluster.members().subList(1, 3);
            restorer.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .durability(Durability.MAJORITY)
                    .build()));
            for (int i = 0; i < WRITES; i++) {
                long entity = i;
                restorer.call(tidal -> tenant(tidal, TENANT).record("view", entity, 1));
            }
            world.runFor(Duration.ofSeconds(5));
            if (truncated) {
                cluster.members()
                        .forEach(member -> member.call(tidal -> {
                            tidal.checkpoint();
                            return member;
                        }));
            }
            KeptBackup backup = backUp(restorer);
            restore(restorer, new BackupSource() {
                @Override
                public String name() {
                    return backup.name();
                }

                @Override
                public InputStream open() {
                    world.schedule(CUT_OFF, cluster.network().isolate(List.of(restorer.id()))::close);
                    return backup.open();
                }
            });
            restorer.machine().crash("it is lost for good");
            for (Member other : others) {
                assertThat(world.runUntil(() -> isWritten(other), PATIENCE)).isTrue();
            }
            for (Member other : others) {
                assertThat(other.<Long>call(tidal -> tenant(tidal, COPY).total("view")))
                        .isEqualTo(WRITES + others.size());
            }
        }
    }
}
