package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-42: Members of a cluster that all take a tenant's writes")
class MembersWriteEverywhereTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final int WRITES = 10;

    private static Tenant tenant(Member member) {
        return member.tidal().tenant(TENANT).orElseThrow();
    }

    private static Position write(Member member, WriteOptions options) {
        return member.call(tidal -> tenant(member).recordAll(List.of(Signal.of("view", 1, 1)), options));
    }

    private static long count(Member member) {
        return member.call(
                tidal -> tenant(member).read("view", 1, ReadOptions.DEFAULT).count());
    }

    private static void refused(Runnable write, ErrorCode code, String... said) {
        assertThatThrownBy(write::run)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContainingAll(said);
    }

    @Test
    @DisplayName(
            "a session and what is hidden are taken in the region that is asked for, and nowhere else, whichever node is asked")
    void chosenRegion() {
        SimulatedWorld world = new SimulatedWorld(8, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member asked = cluster.members().get(0);
            TenantId led = TenantId.of(8);
            asked.call(tidal -> {
                tidal.createTenant(TenantConfig.builder(led)
                        .pinnedShards(ReplicaId.parse("r0:s0"))
                        .build());
                return tidal.createTenant(TenantConfig.builder(TENANT)
                        .writes(WriteMode.EVERYWHERE)
                        .requiredRegions(RegionId.of(0), RegionId.of(1))
                        .build());
            });
            EntityId user = EntityId.of(1);
            for (int region = 0; region < 2; region++) {
                RegionId chosen = RegionId.of(region);
                WriteOptions there = WriteOptions.DEFAULT.in(chosen);
                SessionId session = SessionId.of(100 + region);
                Position started = asked.call(tidal -> tenant(asked).sessions().start(session, user, there));
                Position hidden = asked.call(
                        tidal -> tenant(asked).negatives().add(NegativeKind.HIDE, user, EntityId.of(42), there));
                assertThat(started.records()).allMatch(record -> record.region().equals(chosen));
                assertThat(hidden.records()).allMatch(record -> record.region().equals(chosen));
            }
            for (int region : List.of(2, 9)) {
                WriteOptions there = WriteOptions.DEFAULT.in(RegionId.of(region));
                refused(
                        () -> asked.call(tidal -> tenant(asked).sessions().start(SessionId.of(9), user, there)),
                        ErrorCode.INVALID_ARGUMENT,
                        "region r" + region,
                        "[r0, r1]");
                refused(() -> write(asked, there), ErrorCode.INVALID_ARGUMENT, "region r" + region, "[r0, r1]");
            }
            WriteOptions elsewhere = WriteOptions.DEFAULT.in(RegionId.of(1));
            refused(
                    () -> asked.call(tidal ->
                            tidal.tenant(led).orElseThrow().sessions().start(SessionId.of(9), user, elsewhere)),
                    ErrorCode.UNSUPPORTED,
                    "r0:s0",
                    "EVERYWHERE");
        }
    }

    @Test
    @DisplayName(
            "each takes writes itself, also one that reaches nobody and one that had to be started again; all have all of them in the end, once")
    void cutOff() {
        SimulatedWorld world = new SimulatedWorld(7, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            List<Member> members = cluster.members();
            members.get(0)
                    .call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                            .writes(WriteMode.EVERYWHERE)
                            .build()));
            for (int i = 0; i < members.size(); i++) {
                RegionId own = RegionId.of(i);
                assertThat(write(members.get(i), WriteOptions.DEFAULT).records())
                        .allMatch(record -> record.origin().region().equals(own));
            }
            RegionId last = RegionId.of(2);
            assertThat(write(members.get(0), WriteOptions.DEFAULT.in(last)).records())
                    .allMatch(record -> record.origin().region().equals(last));
            assertThat(world.runUntil(() -> members.stream().allMatch(each -> count(each) == 4), PATIENCE))
                    .isTrue();
            List<SimulatedNetwork.Cut> cuts = members.stream()
                    .map(each -> cluster.network().isolate(List.of(each.id())))
                    .toList();
            // Nobody decides either, so that all leases run out.
            members.forEach(each -> cluster.control().isolate(each.id()));
            world.runFor(Duration.ofSeconds(5));
            for (Member member : members) {
                for (int i = 0; i < WRITES; i++) {
                    // The same keys everywhere.
                    write(member, WriteOptions.DEFAULT.with(new IdempotencyKey(1, i)));
                }
                write(member, WriteOptions.DEFAULT);
                assertThat(count(member)).isEqualTo(4 + WRITES + 1);
            }
            members.get(1).machine().crash("it stops");
            cuts.forEach(SimulatedNetwork.Cut::close);
            cluster.control().heal();
            members.get(1).machine().restart();
            members.get(1).start();
            assertThat(world.runUntil(
                            () -> members.stream()
                                    .allMatch(each -> each.serves() && count(each) == 4 + WRITES + members.size()),
                            PATIENCE))
                    .isTrue();
            for (Member member : members) {
                assertThat(member.<Long>call(tidal -> tenant(member).total("view")))
                        .isEqualTo(4 + WRITES + members.size());
            }
        }
    }
}
