package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.client.ClientTenant;
import io.tidaldb.core.client.TidalClient;
import io.tidaldb.core.client.TidalClientBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Clients whose writers each begin another write when one is over, whatever became of it: what waits tries again all at once. */
@DisplayName("R-51: A cluster that stands still under load")
class StallTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final int CLIENTS = 2;
    private static final int WRITERS_EACH = 20;
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final Duration STALL = Duration.ofSeconds(30);
    private static final Duration MEASURED = Duration.ofSeconds(3);

    /** After this long all is as before. */
    private static final Duration RECOVERY = Duration.ofSeconds(5);

    private final SimulatedWorld world = new SimulatedWorld(5, Trace.off());
    private final List<TidalClient> clients = new ArrayList<>();
    private long written;
    private long entity;

    private void write(ClientTenant tenant) {
        entity++;
        tenant.recordAllAsync(List.of(Signal.of("view", entity, 1)), WriteOptions.DEFAULT.with(Duration.ofSeconds(10)))
                .whenComplete((position, failure) -> {
                    written += failure == null ? 1 : 0;
                    world.schedule(PAUSE, () -> write(tenant));
                });
    }

    private long writtenIn(Duration time) {
        long before = written;
        world.runFor(time);
        return written - before;
    }

    @Test
    @DisplayName(
            "for 30 s takes as many writes as before within 5 s of going on: those that try again do not keep it down")
    void recovers() {
        SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofSeconds(5), UnaryOperator.identity());
        cluster.open();
        cluster.members()
                .get(0)
                .call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                        .pinnedShards(ReplicaId.parse("r0:s0"))
                        .durability(Durability.MAJORITY)
                        .build()));
        try {
            for (int i = 0; i < CLIENTS; i++) {
                TidalClientBuilder builder = TidalClient.builder()
                        .cluster("members")
                        .name("user" + i)
                        .platform(new ClientPlatform(world, i))
                        .transport(cluster.network().transports())
                        .connectWithin(Duration.ofMinutes(1));
                cluster.members()
                        .forEach(member -> builder.seed(member.id(), member.id().name()));
                TidalClient client = builder.connect();
                clients.add(client);
                for (int writer = 0; writer < WRITERS_EACH; writer++) {
                    write(client.tenant(TENANT));
                }
            }
            world.runFor(MEASURED);
            long before = writtenIn(MEASURED);
            assertThat(before).isPositive();
            cluster.members().forEach(member -> member.machine().pause(STALL));
            assertThat(writtenIn(STALL)).isLessThan(before / 10);
            world.runFor(RECOVERY);
            assertThat(writtenIn(MEASURED)).isGreaterThan(before * 9 / 10);
        } finally {
            clients.forEach(TidalClient::close);
            cluster.close();
        }
    }
}
