package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RecordedAct;
import io.tidaldb.core.Session;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code tidal.sessions.switches}: how often it goes on in another region, 300 unless set; 10,000 is what is promised. */
@DisplayName(
        "R-44, R-45: a session that goes on in another region again and again, while nodes crash, stall and are cut off")
class RoamingSessionTest {

    private static final int SWITCHES = Integer.getInteger("tidal.sessions.switches", 300);
    private static final int LONGEST = 100;
    private static final TenantId TENANT = TenantId.of(7);
    private static final EntityId ANNA = EntityId.of(1_001);
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration HEALED = Duration.ofMinutes(2);

    enum Mode {
        MAJORITY,
        LOCAL,
        EVERYWHERE
    }

    /** A session, and when each of its writes was acknowledged. */
    private static final class Told {

        final SessionId id;
        final List<Long> acknowledgedNanos = new ArrayList<>();

        @Nullable
        Position seen;

        Told(long id) {
            this.id = SessionId.of(id);
        }

        int acknowledged() {
            return acknowledgedNanos.size();
        }

        int acknowledged(long beforeNanos) {
            return (int) acknowledgedNanos.stream()
                    .filter(nanos -> nanos <= beforeNanos)
                    .count();
        }

        static SessionEvent event(int number) {
            return number == 1 ? new SessionEvent.Start(ANNA) : new SessionEvent.Query("number " + number);
        }
    }

    private final SimulatedWorld world = new SimulatedWorld(20261122, Trace.off());
    private final SimulatedRandom random = world.random("roaming");
    private final SimulatedMembers cluster =
            new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofSeconds(1), UnaryOperator.identity());
    private final List<Told> sessions = new ArrayList<>(List.of(new Told(1)));
    private Mode mode = Mode.MAJORITY;
    private @Nullable Member last;
    private long switches;
    private long waited;
    private long behind;
    private long crashes;
    private long again;

    @ParameterizedTest
    @EnumSource(Mode.class)
    @DisplayName("loses nothing, doubles nothing, and never takes an old answer for a new one")
    void roams(Mode how) {
        mode = how;
        world.onCrash(machine -> {
            crashes++;
            world.schedule(Duration.ofMillis(random.between(1, 2_000)), () -> restart(machine));
        });
        try (cluster) {
            cluster.open();
            cluster.members().get(0).call(tidal -> tidal.createTenant(config()));
            for (long steps = 0; switches < SWITCHES; steps++) {
                assertThat(steps).as("steps for %s switches", switches).isLessThan(100L * SWITCHES);
                step();
            }
            heal();
            System.out.println("sessions: " + mode + " switches=" + switches + " sessions=" + sessions.size()
                    + " crashes=" + crashes + " late=" + waited + " behind=" + behind + " resent=" + again);
            // Without the position it was behind at times, and said so; with it, it was never.
            assertThat(crashes).isPositive();
            assertThat(behind).isPositive();
        }
    }

    private TenantConfig config() {
        TenantConfig.Builder config = TenantConfig.builder(TENANT)
                .pinnedShards(ReplicaId.parse("r0:s0"))
                .slots(1);
        return (mode == Mode.EVERYWHERE ? config.writes(WriteMode.EVERYWHERE) : config)
                .durability(mode == Mode.MAJORITY ? Durability.MAJORITY : Durability.LOCAL)
                .build();
    }

    private void restart(SimulatedMachine machine) {
        machine.restart();
        cluster.members().stream().filter(each -> each.machine() == machine).forEach(Member::start);
    }

    private void step() {
        List<Member> there = cluster.members().stream()
                .filter(each -> each.serves() && each != last)
                .toList();
        if (there.isEmpty()) {
            world.runFor(Duration.ofMillis(50));
            return;
        }
        if (random.chance(200_000)) {
            disturb(some());
        }
        Member here = there.get((int) random.below(there.size()));
        Told session = sessions.get(sessions.size() - 1);
        look(here, session);
        if (random.chance(100_000)) {
            // What it takes now it may have alone when the session goes on elsewhere.
            disturb(here);
        }
        if (here.serves() && goesOn(here, session)) {
            switches++;
            last = here;
            if (session.acknowledged() == LONGEST) {
                sessions.add(new Told(sessions.size() + 1));
            }
        }
        world.runFor(Duration.ofMillis(random.between(0, 100)));
    }

    // What the user does

    /** Returns what a member answers; null if it does not, and says why. */
    private <T> @Nullable T asked(Member member, Function<Tidal, T> what) {
        try {
            return member.call(what);
        } catch (MachineCrash e) {
            return null;
        } catch (TidalException e) {
            if (e.code().outcome() == Outcome.FATAL
                    || e.code() == ErrorCode.POSITION_UNKNOWN
                    || e.code() == ErrorCode.SESSION_NOT_FOUND) {
                throw new AssertionError("failed in a way that no fault explains, through " + member.id(), e);
            }
            return null;
        }
    }

    /** Reads the session in a region: as it must be, or not at all; and whatever there is, which says how old it may be. */
    private void look(Member here, Told session) {
        Position seen = session.seen;
        if (seen == null) {
            return;
        }
        ReadOptions near = ReadOptions.DEFAULT.in(here.region());
        int before = session.acknowledged();
        long began = world.nanoTime();
        try {
            Session any = here.call(tidal -> read(tidal, session, near));
            check(session, any, 0);
            if (any.entries().size() < before) {
                behind++;
            }
            // Acknowledged at LOCAL alone, a write is not in a region until its leader's disk is back.
            if (mode != Mode.LOCAL && !any.staleness().equals(Reading.UNKNOWN_STALENESS)) {
                long known = began - any.staleness().toNanos();
                assertThat(any.entries().size())
                        .as("writes of session %s that %s says it has", session.id, here.id())
                        .isGreaterThanOrEqualTo(session.acknowledged(known));
            }
        } catch (MachineCrash | TidalException e) {
            // Nothing was said about it.
        }
        if (here.serves()) {
            Duration patience = Duration.ofMillis(random.between(1, PATIENCE.toMillis()));
            Session there =
                    asked(here, tidal -> read(tidal, session, near.atLeast(seen).waiting(patience)));
            if (there == null) {
                waited++;
            } else {
                check(session, there, before);
            }
        }
    }

    private static Session read(Tidal tidal, Told session, ReadOptions options) {
        return tidal.tenant(TENANT).orElseThrow().sessions().read(session.id, options);
    }

    /** All numbers from 1 once, each with what was written: at least so many, and one more if nobody knows what came of it. */
    private static void check(Told session, Session there, int least) {
        List<SessionEvent> expected = new ArrayList<>();
        for (int number = 1; number <= there.entries().size(); number++) {
            assertThat(there.entries().get(number - 1).number()).isEqualTo(SessionSeqNo.of(number));
            expected.add(Told.event(number));
        }
        assertThat(there.entries()).extracting(each -> each.event()).isEqualTo(expected);
        assertThat(there.entries().size())
                .as("writes of session %s on %s", session.id, there.replica())
                .isBetween(least, session.acknowledged() + 1);
    }

    /** Writes the next number; again as often as it takes, in whichever region. Returns whether it was acknowledged. */
    private boolean goesOn(Member here, Told session) {
        int next = session.acknowledged() + 1;
        int number = next;
        while (number <= next) {
            Position position;
            try {
                position = written(here, session, number);
            } catch (TidalException e) {
                assertThat(e.outcome()).as(e.toString()).isNotEqualTo(Outcome.FATAL);
                boolean lacks = e.code() == ErrorCode.SESSION_OUT_OF_ORDER;
                // Whoever leads has what was acknowledged at MAJORITY.
                assertThat(lacks && mode == Mode.MAJORITY).as(e.toString()).isFalse();
                if (!lacks || number == 1 || random.chance(300_000)) {
                    return false;
                }
                // Whoever leads now lacks what came before: that is written again, which is the same write.
                again++;
                number--;
                continue;
            } catch (MachineCrash e) {
                return false;
            }
            Position seen = session.seen;
            session.seen = seen == null ? position : seen.and(position);
            number++;
        }
        session.acknowledgedNanos.add(world.nanoTime());
        return true;
    }

    private static Position written(Member here, Told session, int number) {
        return here.call(tidal -> tidal.tenant(TENANT)
                .orElseThrow()
                .sessions()
                .write(session.id, SessionSeqNo.of(number), Told.event(number), WriteOptions.DEFAULT.with(PATIENCE)));
    }

    // What happens meanwhile

    private Member some() {
        return cluster.members().get((int) random.below(cluster.members().size()));
    }

    private void disturb(Member member) {
        switch ((int) random.below(6)) {
            case 0 -> member.machine().crash("chaos");
            case 1 -> member.machine().pause(Duration.ofMillis(random.between(1, 2_000)));
            case 2 -> later(cluster.network().cut(member.id(), some().id())::close);
            case 3, 4 -> {
                // From those who decide as well: it leads until its lease has run out, and then another one.
                SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(member.id()));
                cluster.control().isolate(member.id());
                later(() -> {
                    cut.close();
                    cluster.control().heal();
                });
            }
            default -> {
                if (member.serves() && mode != Mode.EVERYWHERE) {
                    ReplicaId next = new ReplicaId(
                            some().region(), ReplicaId.parse("r0:s0").shard());
                    asked(member, tidal -> {
                        tidal.promote(TENANT, next);
                        return next;
                    });
                }
            }
        }
    }

    private void later(Runnable healing) {
        world.schedule(Duration.ofMillis(random.between(1, 6_000)), healing);
    }

    /** Nothing is wrong any more, and every region has every session, once. */
    private void heal() {
        world.runFor(Duration.ofSeconds(7));
        cluster.control().heal();
        assertThat(world.runUntil(() -> cluster.members().stream().allMatch(Member::serves), HEALED))
                .isTrue();
        world.runFor(Duration.ofSeconds(10));
        for (Member member : cluster.members()) {
            for (Told session : sessions) {
                Position seen = session.seen;
                if (seen != null) {
                    ReadOptions all = ReadOptions.DEFAULT
                            .in(member.region())
                            .atLeast(seen)
                            .waiting(HEALED);
                    check(session, member.call(tidal -> read(tidal, session, all)), session.acknowledged());
                }
            }
        }
        if (mode != Mode.EVERYWHERE) {
            inLogsOnce();
        }
    }

    // Where each region has a log of its own, what both sides of a cut took stands in both, and is one write when it is
    // read.
    private void inLogsOnce() {
        Map<SessionId, Map<SessionSeqNo, Integer>> times = new HashMap<>();
        cluster.members().get(0).call(tidal -> {
            tidal.tenant(TENANT).orElseThrow().exportActs(act -> {
                if (act instanceof RecordedAct.InSession write) {
                    times.computeIfAbsent(write.session(), id -> new HashMap<>())
                            .merge(write.number(), 1, Integer::sum);
                }
            });
            return times;
        });
        for (Told session : sessions) {
            Map<SessionSeqNo, Integer> found = times.getOrDefault(session.id, Map.of());
            assertThat(found.values())
                    .as("times of writes of session " + session.id)
                    .allMatch(each -> each == 1);
            assertThat(found.size()).isBetween(session.acknowledged(), session.acknowledged() + 1);
        }
    }
}
