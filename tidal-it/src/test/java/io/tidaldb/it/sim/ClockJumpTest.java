package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Window;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

@DisplayName("R-40: A machine whose wall clock jumps by hours")
class ClockJumpTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final TenantId EVERYWHERE = TenantId.of(2);
    private static final ReplicaId FIRST = ReplicaId.parse("r0:s0");
    private static final Duration HALF_LIFE = Duration.ofDays(7);
    private static final long ENTITY = 1;

    /** Millisecond of a stamp that lies ahead of a wall clock by no more than its counter. */
    private static final long SLACK_MILLIS = 1;

    private final Logger drift = (Logger) LoggerFactory.getLogger("io.tidaldb.core.ingest.ClockDrift");
    private final ListAppender<ILoggingEvent> said = new ListAppender<>();
    private SimulatedWorld world;
    private SimulatedMembers cluster;
    private Member first;
    private Member other;
    private Member third;

    @BeforeEach
    void open() {
        said.start();
        drift.setLevel(Level.INFO);
        drift.setAdditive(false);
        drift.addAppender(said);
        world = new SimulatedWorld(11, Trace.off());
        cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofSeconds(2), UnaryOperator.identity());
        cluster.open();
        first = cluster.members().get(0);
        other = cluster.members().get(1);
        third = cluster.members().get(2);
        first.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(FIRST)
                .durability(Durability.MAJORITY)
                .build()));
    }

    @AfterEach
    void close() {
        cluster.close();
        drift.detachAppender(said);
        drift.setLevel(null);
        drift.setAdditive(true);
    }

    private static Tenant tenant(Member member, TenantId id) {
        return member.tidal().tenant(id).orElseThrow();
    }

    private static void write(Member member, TenantId id, Signal signal, WriteOptions options) {
        member.call(tidal -> tenant(member, id).recordAll(List.of(signal), options.with(Duration.ofSeconds(3))));
    }

    private static void write(Member member, TenantId id) {
        write(member, id, Signal.of("view", ENTITY, 1), WriteOptions.DEFAULT);
    }

    /** Writes through each; returns how many times. */
    private int writeThroughAll(TenantId id, int times) {
        for (int i = 0; i < times; i++) {
            cluster.members().forEach(member -> write(member, id));
            world.runFor(Duration.ofMillis(300));
        }
        return times * cluster.members().size();
    }

    private void createEverywhere() {
        first.call(tidal -> tidal.createTenant(
                TenantConfig.builder(EVERYWHERE).writes(WriteMode.EVERYWHERE).build()));
    }

    private void allCount(TenantId id, long all) {
        assertThat(world.runUntil(
                        () -> cluster.members().stream()
                                .allMatch(member ->
                                        read(member, id, ReadOptions.DEFAULT).count() == all),
                        Duration.ofMinutes(1)))
                .isTrue();
    }

    private static Reading read(Member member, TenantId id, ReadOptions options) {
        return member.call(tidal -> tenant(member, id).read("view", ENTITY, options));
    }

    private ReplicaId leader() {
        return other.call(tidal -> tenant(other, TENANT).placement().get(0));
    }

    private static List<RecordedSignal> log(Member member, TenantId id) {
        return member.call(tidal -> {
            List<RecordedSignal> all = new ArrayList<>();
            tenant(member, id).export(all::add);
            return all;
        });
    }

    private static long wallMillis(Member member) {
        return member.machine().clock().wallNanos() / 1_000_000;
    }

    private List<String> said() {
        return said.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    /** In each log stamps rise with positions, and none is ahead of the clocks that agree. */
    private static void stampsAreBounded(List<RecordedSignal> log, long latestMillis) {
        Map<Origin, Long> last = new HashMap<>();
        for (RecordedSignal each : log) {
            Long before = last.put(each.position().origin(), each.hlc());
            assertThat(each.hlc()).as(each.toString()).isGreaterThan(before == null ? 0 : before);
            assertThat(Hlc.millis(each.hlc())).as(each.toString()).isLessThanOrEqualTo(latestMillis + SLACK_MILLIS);
        }
    }

    /** What was written at which time is what the log says; how long ago, what the definition says. */
    private void decaysAsDefined(TenantId id, List<RecordedSignal> log) {
        long latest = log.stream().mapToLong(RecordedSignal::eventNanos).max().orElseThrow();
        Instant at = Instant.EPOCH.plusNanos(latest).plus(Duration.ofMinutes(30));
        double expected = log.stream()
                .mapToDouble(each -> Math.pow(
                        2,
                        -(double) Duration.between(Instant.EPOCH.plusNanos(each.eventNanos()), at)
                                        .toNanos()
                                / HALF_LIFE.toNanos()))
                .sum();
        long inTheLastHour = log.stream()
                .filter(each -> Instant.EPOCH.plusNanos(each.eventNanos()).isAfter(at.minus(Duration.ofHours(1))))
                .count();
        for (Member member : cluster.members()) {
            Reading reading = read(member, id, ReadOptions.at(at));
            assertThat(reading.score()).isCloseTo(expected, within(expected * 1e-6));
            assertThat(reading.count(Window.ONE_HOUR)).isEqualTo(inTheLastHour);
            assertThat(reading.count(Window.ONE_DAY)).isEqualTo(log.size());
            assertThat(reading.count()).isEqualTo(log.size());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-9, -3, 3, 9})
    @DisplayName(
            "takes writes as before, and leads nothing until its clock agrees with the others again; stamps rise and are not ahead of theirs; counts, windows and decay are what the events' times say, on all members")
    void jumpsAndComesBack(int hours) {
        Duration jump = Duration.ofHours(hours);
        int written = writeThroughAll(TENANT, 3);
        first.machine().jump(jump);
        written += writeThroughAll(TENANT, 3);
        assertThat(leader()).isNotEqualTo(FIRST);
        first.machine().jump(jump.negated());
        assertThat(world.runUntil(() -> leader().equals(FIRST), Duration.ofMinutes(1)))
                .isTrue();
        written += writeThroughAll(TENANT, 3);
        allCount(TENANT, written);
        List<RecordedSignal> log = log(first, TENANT);
        assertThat(log).hasSize(written);
        stampsAreBounded(log, wallMillis(other));
        decaysAsDefined(TENANT, log);
    }

    @ParameterizedTest
    @ValueSource(ints = {-9, 9})
    @DisplayName(
            "takes writes of a tenant that is written everywhere; stamps are no further ahead than its clock was; counts, windows and decay are what the events' times say, on all members")
    void writtenEverywhere(int hours) {
        Duration jump = Duration.ofHours(hours);
        createEverywhere();
        int written = writeThroughAll(EVERYWHERE, 3);
        first.machine().jump(jump);
        written += writeThroughAll(EVERYWHERE, 3);
        long furthest = Math.max(wallMillis(first), wallMillis(other));
        first.machine().jump(jump.negated());
        written += writeThroughAll(EVERYWHERE, 3);
        allCount(EVERYWHERE, written);
        List<RecordedSignal> log = log(first, EVERYWHERE);
        assertThat(log)
                .hasSize(written)
                .allMatch(each -> Hlc.millis(each.hlc()) <= Math.max(furthest, wallMillis(other)) + SLACK_MILLIS);
        decaysAsDefined(EVERYWHERE, log);
    }

    @ParameterizedTest
    @ValueSource(ints = {-20, -9, 9, 20})
    @DisplayName(
            "counts a write once that it took under a key while it reached nobody, and that others took under the same key; and what is tried again, before its clock is right and afterwards")
    void sameKeysOnBothSides(int hours) {
        createEverywhere();
        Duration jump = Duration.ofHours(hours);
        int keys = 5;
        SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(first.id()));
        first.machine().jump(jump);
        writeUnderKeys(keys, List.of(first, other));
        cut.close();
        allCount(EVERYWHERE, keys);
        writeUnderKeys(keys, cluster.members());
        first.machine().jump(jump.negated());
        writeUnderKeys(keys, cluster.members());
        world.runFor(Duration.ofSeconds(5));
        allCount(EVERYWHERE, keys);
        first.machine().crash("it stops");
        first.machine().restart();
        first.start();
        world.runUntil(first::serves, Duration.ofMinutes(1));
        writeUnderKeys(keys, cluster.members());
        world.runFor(Duration.ofSeconds(5));
        allCount(EVERYWHERE, keys);
    }

    private void writeUnderKeys(int keys, List<Member> members) {
        Signal signal = Signal.of("view", ENTITY, 1);
        for (Member member : members) {
            for (int i = 0; i < keys; i++) {
                write(member, EVERYWHERE, signal, WriteOptions.DEFAULT.with(new IdempotencyKey(2, i)));
            }
        }
    }

    @Test
    @DisplayName("leads on where a majority of clocks has jumped alike, and where others disagree with each other")
    void majority() {
        write(first, TENANT);
        first.machine().jump(Duration.ofHours(3));
        other.machine().jump(Duration.ofHours(3));
        world.runFor(Duration.ofSeconds(5));
        assertThat(leader()).isEqualTo(FIRST);
        third.machine().jump(Duration.ofHours(-3));
        other.machine().jump(Duration.ofHours(3));
        world.runFor(Duration.ofSeconds(5));
        assertThat(leader()).isEqualTo(FIRST);
        write(third, TENANT);
    }

    @Test
    @DisplayName(
            "ahead refuses no time that is right, nor does one that is behind, where others tell it so: else until its clock is right again, and says by which clock")
    void eventTimes() {
        Instant now = Instant.ofEpochMilli(wallMillis(other));
        Signal timed = Signal.of("view", ENTITY, 1).at(now);
        other.machine().jump(Duration.ofHours(3));
        write(other, TENANT, timed, WriteOptions.DEFAULT);
        world.runFor(Duration.ofSeconds(1));
        other.machine().jump(Duration.ofHours(-6));
        write(other, TENANT, timed, WriteOptions.DEFAULT);
        Signal later = Signal.of("view", ENTITY, 1).at(now.plus(Duration.ofMinutes(20)));
        assertThatThrownBy(() -> write(other, TENANT, later, WriteOptions.DEFAULT))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_TIME_TOO_FAR));
        SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(other.id()));
        world.runFor(Duration.ofSeconds(6));
        assertThatThrownBy(() -> write(other, TENANT, timed, WriteOptions.DEFAULT))
                .isInstanceOfSatisfying(TidalException.class, refusal -> {
                    assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_TIME_TOO_FAR);
                    assertThat(refusal)
                            .hasMessageContaining(now.toString())
                            .hasMessageContaining("PT5M after "
                                    + now.minus(Duration.ofHours(3))
                                            .truncatedTo(ChronoUnit.MINUTES)
                                            .toString()
                                            .replace("00Z", ""))
                            .hasMessageContaining("check the clock");
                });
        cut.close();
        write(first, TENANT, timed, WriteOptions.DEFAULT);
        other.machine().jump(Duration.ofHours(3));
        write(other, TENANT, timed, WriteOptions.DEFAULT);
        assertThat(read(first, TENANT, ReadOptions.DEFAULT).count()).isEqualTo(4);
    }

    @Test
    @DisplayName(
            "does not lead for longer: once it reaches nobody, it takes no writes when its lease is over, and others lead")
    void leases() {
        write(first, TENANT);
        // By its wall clock alone the lease would last for another nine hours.
        first.machine().jump(Duration.ofHours(-9));
        SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(first.id()));
        cluster.control().isolate(first.id());
        world.runFor(Duration.ofSeconds(3));
        assertThatThrownBy(() -> write(first, TENANT))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_OWNER));
        write(other, TENANT);
        assertThat(leader()).isNotEqualTo(FIRST);
        cut.close();
        cluster.control().heal();
        allCount(TENANT, 2);
    }

    @Test
    @DisplayName(
            "remembers keys: a retry counts once, whichever way the clock has jumped since, and after another leads")
    void retries() {
        Duration[] jumps = {
            Duration.ofHours(3), Duration.ofHours(-3), Duration.ofHours(-9), Duration.ofHours(9), Duration.ofHours(20)
        };
        Signal signal = Signal.of("view", ENTITY, 1);
        for (int i = 0; i < jumps.length; i++) {
            write(first, TENANT, signal, WriteOptions.DEFAULT.with(new IdempotencyKey(1, i)));
            Duration jump = jumps[i];
            // A majority, or it would not lead for long.
            List.of(first, third).forEach(member -> member.machine().jump(jump));
            for (int before = 0; before <= i; before++) {
                write(other, TENANT, signal, WriteOptions.DEFAULT.with(new IdempotencyKey(1, before)));
            }
        }
        first.machine().crash("it stops");
        for (int i = 0; i < jumps.length; i++) {
            write(third, TENANT, signal, WriteOptions.DEFAULT.with(new IdempotencyKey(1, i)));
        }
        assertThat(read(third, TENANT, ReadOptions.DEFAULT).count()).isEqualTo(jumps.length);
    }

    @Test
    @DisplayName(
            "is told of where stamps come in that it made, once, with what to do; and once more when time has caught up")
    void alarm() {
        createEverywhere();
        write(first, EVERYWHERE);
        assertThat(said()).isEmpty();
        first.machine().jump(Duration.ofHours(3));
        for (int i = 0; i < 5; i++) {
            write(first, EVERYWHERE);
            world.runFor(Duration.ofSeconds(1));
        }
        // The two that follow.
        assertThat(said())
                .hasSize(2)
                .allSatisfy(line -> assertThat(line)
                        .contains("of this machine's clock", "r0:s0", "tenant t2", "compare both with a time server"));
        first.machine().jump(Duration.ofHours(-3));
        write(first, EVERYWHERE);
        world.runFor(Duration.ofSeconds(1));
        assertThat(said()).hasSize(3);
        cluster.members().forEach(member -> member.machine().jump(Duration.ofHours(4)));
        write(first, EVERYWHERE);
        world.runFor(Duration.ofSeconds(1));
        assertThat(said()).hasSize(6);
        assertThat(said().subList(3, 6)).allMatch(line -> line.contains("no longer ahead"));
    }
}
