package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-51, R-42: A member that has lost the others")
class LostMajorityTest {

    private static final TenantId SINGLE = TenantId.of(1);
    private static final TenantId EVERYWHERE = TenantId.of(2);
    private static final int WRITES = 5;

    private static Tenant tenant(Member member, TenantId id) {
        return member.tidal().tenant(id).orElseThrow();
    }

    private static void write(Member member, TenantId id) {
        member.call(tidal -> tenant(member, id)
                .recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Duration.ofSeconds(3))));
    }

    private static Reading read(Member member, TenantId id) {
        return member.call(tidal -> tenant(member, id).read("view", 1, ReadOptions.DEFAULT));
    }

    @Test
    @DisplayName(
            "takes writes of a tenant that is written everywhere, refuses those of others once its lease is over and says why, reads on and says how old that may be; when the others are back, all goes on and nothing is missing")
    void goesOn() {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            List<Member> members = cluster.members();
            Member left = members.get(0);
            left.call(tidal -> tidal.createTenant(TenantConfig.builder(SINGLE)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .build()));
            left.call(tidal -> tidal.createTenant(TenantConfig.builder(EVERYWHERE)
                    .writes(WriteMode.EVERYWHERE)
                    .build()));
            members.forEach(member -> write(member, EVERYWHERE));
            write(left, SINGLE);
            world.runFor(Duration.ofSeconds(2));
            members.subList(1, 3).forEach(member -> member.machine().crash("it stops"));
            world.runFor(Duration.ofSeconds(2));
            for (int i = 0; i < WRITES; i++) {
                write(left, EVERYWHERE);
            }
            assertThatThrownBy(() -> write(left, SINGLE)).isInstanceOfSatisfying(TidalException.class, refusal -> {
                assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_OWNER);
                assertThat(refusal).hasMessageContaining("has not heard of a majority");
            });
            Reading first = read(left, EVERYWHERE);
            assertThat(first.count()).isEqualTo(3 + WRITES);
            world.runFor(Duration.ofSeconds(5));
            Reading later = read(left, EVERYWHERE);
            assertThat(later.staleness())
                    .isGreaterThanOrEqualTo(first.staleness().plusSeconds(4));
            assertThat(read(left, SINGLE).count()).isOne();
            members.subList(1, 3).forEach(member -> {
                member.machine().restart();
                member.start();
            });
            for (Member member : members) {
                write(member, SINGLE);
                write(member, EVERYWHERE);
            }
            assertThat(world.runUntil(
                            () -> members.stream()
                                    .allMatch(member -> read(member, EVERYWHERE).count() == 3 + WRITES + 3
                                            && read(member, SINGLE).count() == 1 + 3),
                            Duration.ofMinutes(1)))
                    .isTrue();
        }
    }
}
