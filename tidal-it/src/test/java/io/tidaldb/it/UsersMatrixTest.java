package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.Session;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-81: hard negatives and sessions in three regions, over real threads and files")
class UsersMatrixTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final EntityId ANNA = EntityId.of(1_001);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private final Cell cell;

    UsersMatrixTest(Cell cell) {
        this.cell = cell;
    }

    private Tidal open() {
        return cell.builder(directory)
                .topology(Topology.regions(3).shardsPerRegion(1))
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private static Tenant create(Tidal tidal) {
        return tidal.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(ReplicaId.parse("r0:s0"))
                .build());
    }

    private static ReadOptions in(int region) {
        return ReadOptions.DEFAULT.in(RegionId.of(region));
    }

    private static void fails(ErrorCode code, ThrowingCallable call) {
        TidalException failure = catchThrowableOfType(TidalException.class, call);
        assertThat(failure).as("a failure with %s", code).isNotNull();
        assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
    }

    private static List<Long> top(Tenant tenant, ReadOptions options) {
        return tenant.top("view", 10, options.forUser(ANNA)).stream()
                .map(each -> each.entity().value())
                .toList();
    }

    private static void same(Tenant tenant) {
        assertThat(tenant.compareReplicas(false))
                .hasSize(2)
                .allSatisfy(each -> {
                    assertThat(each.known()).isTrue();
                    assertThat(each.differingBuckets()).isEmpty();
                })
                .extracting(ReplicaComparison::replica)
                .isNotEmpty();
    }

    @Test
    @DisplayName("R-43: what is hidden is in no region's ranking that has seen it, until just that is withdrawn")
    void hardNegatives() {
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            for (long entity = 1; entity <= 5; entity++) {
                tenant.record("view", entity, (double) entity);
            }
            Position hidden = tenant.negatives().add(NegativeKind.HIDE, ANNA, EntityId.of(3), WriteOptions.DEFAULT);
            for (int region = 0; region < 3; region++) {
                ReadOptions seen = in(region).atLeast(hidden).waiting(PATIENCE);
                assertThat(top(tenant, seen)).doesNotContain(3L);
                assertThat(tenant.negatives().visible(ANNA, List.of(EntityId.of(3), EntityId.of(4)), seen))
                        .containsExactly(EntityId.of(4));
            }
            tidal.promote(TENANT, ReplicaId.parse("r1:s0"));
            assertThat(top(tenant, ReadOptions.DEFAULT)).doesNotContain(3L);
            Position again = tenant.negatives().add(NegativeKind.HIDE, ANNA, EntityId.of(3), WriteOptions.DEFAULT);
            Position withdrawn = tenant.negatives()
                    .withdraw(NegativeKind.HIDE, ANNA, EntityId.of(3), hidden.records(), WriteOptions.DEFAULT);
            for (int region = 0; region < 3; region++) {
                assertThat(top(tenant, in(region).atLeast(withdrawn).waiting(PATIENCE)))
                        .doesNotContain(3L);
            }
            Position last = tenant.negatives()
                    .withdraw(NegativeKind.HIDE, ANNA, EntityId.of(3), again.records(), WriteOptions.DEFAULT);
            for (int region = 0; region < 3; region++) {
                assertThat(top(tenant, in(region).atLeast(last).waiting(PATIENCE)))
                        .contains(3L);
            }
            Await.noLag(tidal);
            same(tenant);
        }
        try (Tidal tidal = open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThat(tenant.negatives().of(ANNA, ReadOptions.DEFAULT)).isEmpty();
            assertThat(top(tenant, ReadOptions.DEFAULT)).hasSize(5);
        }
    }

    @Test
    @DisplayName(
            "R-44: a session takes each number once and in order, waits for those before it, and remembers retries")
    void sessions() {
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            SessionId id = SessionId.of(77);
            WriteOptions soon = WriteOptions.DEFAULT.with(Duration.ofMillis(400));
            SessionEvent query = new SessionEvent.Query("a");
            fails(ErrorCode.SESSION_OUT_OF_ORDER, () -> tenant.sessions().write(id, SessionSeqNo.of(2), query, soon));
            CompletionStage<Position> third = tenant.sessions()
                    .writeAsync(id, SessionSeqNo.of(3), new SessionEvent.Close(), WriteOptions.DEFAULT);
            CompletionStage<Position> second =
                    tenant.sessions().writeAsync(id, SessionSeqNo.of(2), query, WriteOptions.DEFAULT);
            Position first = tenant.sessions().start(id, ANNA, WriteOptions.DEFAULT);
            assertThat(tenant.sessions().start(id, ANNA, WriteOptions.DEFAULT)).isEqualTo(first);
            third.toCompletableFuture().join();
            Position at = second.toCompletableFuture().join();
            assertThat(tenant.sessions()
                            .write(id, SessionSeqNo.of(2), query, WriteOptions.DEFAULT.with(Durability.ALL)))
                    .isEqualTo(at);
            fails(
                    ErrorCode.SESSION_CLOSED,
                    () -> tenant.sessions().write(id, SessionSeqNo.of(4), query, WriteOptions.DEFAULT));
            assertThat(tenant.sessions().read(id, ReadOptions.DEFAULT).entries())
                    .extracting(entry -> entry.number().value())
                    .containsExactly(1, 2, 3);
        }
    }

    @Test
    @DisplayName(
            "R-45: a read that a cut-off region can't answer at the position asked for times out, and does not answer")
    void neverStale() {
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            SessionId id = SessionId.of(78);
            Position started = tenant.sessions().start(id, ANNA, WriteOptions.DEFAULT);
            assertThat(tenant.sessions()
                            .read(id, in(2).atLeast(started).waiting(PATIENCE))
                            .replica())
                    .isEqualTo(ReplicaId.parse("r2:s0"));
            tidal.crashNode(NodeId.of("n1"));
            tidal.crashNode(NodeId.of("n2"));
            Position written =
                    tenant.sessions().write(id, SessionSeqNo.of(2), new SessionEvent.Query("a"), WriteOptions.DEFAULT);
            assertThat(tenant.sessions()
                            .read(id, ReadOptions.DEFAULT.atLeast(written))
                            .entries())
                    .hasSize(2);
            tidal.startNode(NodeId.of("n2"));
            assertThat(tenant.sessions()
                            .read(id, in(2).atLeast(written).waiting(PATIENCE))
                            .entries())
                    .hasSize(2);
            for (String unknown : List.of("r0:s0:9999", "r7:s0:1", "r1:s0:60.1")) {
                fails(
                        ErrorCode.POSITION_UNKNOWN,
                        () -> tenant.sessions()
                                .read(
                                        id,
                                        ReadOptions.DEFAULT
                                                .atLeast(Position.parse(unknown))
                                                .waiting(PATIENCE)));
            }
            // A plausible position of another region's writer, which never wrote it.
            fails(
                    ErrorCode.DEADLINE_EXCEEDED,
                    () -> tenant.sessions()
                            .read(
                                    id,
                                    ReadOptions.DEFAULT
                                            .atLeast(Position.parse("r2:s0:5"))
                                            .waiting(Duration.ofMillis(200))));
        }
    }

    /** How often the session moves on; 10,000 is what is promised, with {@code -Dtidal.sessions.switches=10000}. */
    private static final int SWITCHES = Integer.getInteger("tidal.sessions.switches", 60);

    @Test
    @DisplayName(
            "R-44, R-45: a session that is continued in another region again and again loses nothing, doubles nothing, and"
                    + " never reads a stale answer")
    void roams() {
        Random random = new Random(20261122);
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            int number = 0;
            long session = 1;
            Position seen = tenant.sessions().start(SessionId.of(session), ANNA, WriteOptions.DEFAULT);
            number++;
            for (int i = 0; i < SWITCHES; i++) {
                int region = random.nextInt(3);
                if (random.nextInt(20) == 0) {
                    tidal.promote(TENANT, ReplicaId.parse("r" + region + ":s0"));
                }
                SessionId id = SessionId.of(session);
                Session there =
                        tenant.sessions().read(id, in(region).atLeast(seen).waiting(PATIENCE));
                assertThat(there.entries())
                        .extracting(entry -> entry.number().value())
                        .containsExactlyElementsOf(
                                IntStream.rangeClosed(1, number).boxed().toList());
                if (number == 5_000) {
                    number = 0;
                    session++;
                    seen = seen.and(tenant.sessions().start(SessionId.of(session), ANNA, WriteOptions.DEFAULT));
                } else {
                    SessionEvent event = new SessionEvent.Query("number " + (number + 1));
                    WriteOptions keyed = WriteOptions.DEFAULT.with(new IdempotencyKey(session, number));
                    Position written = tenant.sessions().write(id, SessionSeqNo.of(number + 1), event, keyed);
                    if (random.nextInt(3) == 0) {
                        assertThat(tenant.sessions().write(id, SessionSeqNo.of(number + 1), event, keyed))
                                .isEqualTo(written);
                    }
                    seen = written;
                }
                number++;
            }
            Await.noLag(tidal);
            same(tenant);
        }
    }
}
