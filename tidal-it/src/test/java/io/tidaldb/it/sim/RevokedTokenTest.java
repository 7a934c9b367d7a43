package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-61: A token that is revoked through one node")
class RevokedTokenTest {

    private static final String TOKEN = "0123456789ab";
    private static final String LATER = "abcdef012345";

    /** As is said in SECURITY.md. */
    private static final Duration STATED = Duration.ofSeconds(1);

    private static boolean refuses(Member member, String token) {
        return member.call(tidal -> tidal.isTokenRevoked(token));
    }

    private static void revoke(Member through, String token) {
        through.call(tidal -> {
            tidal.revokeToken(token);
            return token;
        });
    }

    @Test
    @DisplayName("is refused by every other one within a second, and by one that was cut off once it hears again")
    void everywhereInTime() {
        SimulatedWorld world = new SimulatedWorld(11, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 5, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            List<Member> members = cluster.members();
            Member away = members.get(4);
            revoke(members.get(1), TOKEN);
            world.runFor(STATED);
            assertThat(members).allMatch(each -> refuses(each, TOKEN)).noneMatch(each -> refuses(each, LATER));

            cluster.control().isolate(away.id());
            revoke(members.get(0), LATER);
            world.runFor(STATED);
            assertThat(members.subList(0, 4)).allMatch(each -> refuses(each, LATER));
            assertThat(refuses(away, LATER)).isFalse();
            cluster.control().heal();
            assertThat(world.runUntil(() -> refuses(away, LATER), Duration.ofSeconds(10)))
                    .isTrue();

            away.machine().crash("a power cut");
            away.machine().restart();
            away.start();
            assertThat(refuses(away, TOKEN)).isTrue();
            assertThat(refuses(away, LATER)).isTrue();
        }
    }
}
