package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.client.ClientTenant;
import io.tidaldb.core.client.TidalClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A client of a cluster, over sockets")
class ClientTest {

    private static final TenantId TENANT = TenantId.of(42);

    @TempDir
    private Path directory;

    private Members members;
    private TidalClient client;

    @BeforeEach
    void open() throws IOException {
        members = new Members(directory);
        members.start(0, 1, 2);
        client = TidalClient.builder()
                .cluster(Members.CLUSTER)
                .seed(Members.name(1), members.address(1))
                .maxOpenWrites(64)
                .connect();
    }

    @AfterEach
    void close() {
        client.close();
        members.close();
    }

    private ClientTenant create(TenantConfig.Builder config) {
        members.node(0).createTenant(config.build());
        return client.tenant(TENANT);
    }

    private static TenantConfig.Builder config() {
        return TenantConfig.builder(TENANT);
    }

    private static void fails(ErrorCode code, String part, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(part);
    }

    @Test
    @DisplayName("writes, reads, ranks and counts over all slots with one node to begin with, and is no node itself")
    void everything() {
        ClientTenant tenant = create(config().slots(3));
        List<Signal> signals = new ArrayList<>();
        for (int entity = 0; entity < 300; entity++) {
            signals.add(Signal.of("view", "entity-" + entity, entity + 1));
        }
        IdempotencyKey key = new IdempotencyKey(1, 2);
        Instant time = Instant.now();
        List<Signal> timed = signals.stream().map(each -> each.at(time)).toList();
        tenant.recordAll(timed, WriteOptions.DEFAULT.with(key));
        Position position = tenant.recordAll(timed, WriteOptions.DEFAULT.with(key));
        assertThat(position.records()).hasSize(3);
        assertThat(tenant.total("view")).isEqualTo(300);
        assertThat(tenant.top("view", 3, ReadOptions.DEFAULT))
                .extracting("name")
                .containsExactly("entity-299", "entity-298", "entity-297");
        Reading one = tenant.read("view", "entity-9", ReadOptions.DEFAULT);
        assertThat(one.score()).isBetween(9.99, 10.0);
        assertThat(one.staleness()).isZero();
        assertThat(tenant.read("view", "nobody", ReadOptions.DEFAULT).count()).isZero();
        List<EntityId> entities = signals.stream().map(Signal::entity).toList();
        for (int region = 0; region < 3; region++) {
            RegionId where = RegionId.of(region);
            List<Reading> readings = tenant.readAll(
                    "view", entities, ReadOptions.DEFAULT.atLeast(position).in(where));
            assertThat(readings)
                    .allMatch(
                            each -> each.count() == 1 && each.replica().region().equals(where));
        }
        assertThat(members.node(0).health().nodes()).hasSize(3);
        assertThat(members.node(2).membership().members())
                .noneMatch(member -> member.node().isClient());
    }

    @Test
    @DisplayName("R-52: goes on without a failure when leaders are handed over, killed and started again")
    void failover() throws Exception {
        ClientTenant tenant =
                create(config().pinnedShards(ReplicaId.parse("r1:s1")).durability(Durability.MAJORITY));
        int written = 0;
        tenant.record("view", written++, 1);
        members.node(0).promote(TENANT, ReplicaId.parse("r2:s1"));
        Position last = tenant.record("view", written++, 1);
        assertThat(tenant.read("view", 0, ReadOptions.DEFAULT.atLeast(last)).count())
                .isEqualTo(1);
        for (int killed : new int[] {2, 1}) {
            members.kill(killed);
            for (int i = 0; i < 50; i++) {
                last = tenant.record("view", written, 1);
                assertThat(tenant.read("view", written, ReadOptions.DEFAULT.atLeast(last))
                                .count())
                        .isEqualTo(1);
                written++;
            }
            members.start(killed);
        }
        assertThat(tenant.total("view")).isEqualTo(written);
    }

    @Test
    @DisplayName("sees a signal that is declared, and a tenant that is created anew, since it has asked last")
    void outdated() {
        ClientTenant tenant = client.tenant(TENANT);
        fails(ErrorCode.TENANT_NOT_FOUND, "t42", () -> tenant.record("view", 1, 1));
        create(config());
        tenant.record("view", 1, 1);
        fails(ErrorCode.UNKNOWN_SIGNAL, "like", () -> tenant.record("like", 1, 1));
        members.node(2).declareSignal("like", Duration.ofDays(1));
        tenant.record("like", 1, 1);
        members.node(2).deleteTenant(TENANT);
        create(config());
        tenant.record("view", 2, 1);
        assertThat(tenant.total("view")).isEqualTo(1);
    }

    @Test
    @DisplayName("is refused what is wrong, by quota, and beyond its own bounds, with the reason")
    void refused() throws Exception {
        ClientTenant tenant = create(config().maxSignalsPerSecond(1).burst(100));
        fails(
                ErrorCode.EVENT_TIME_TOO_FAR,
                "clock",
                () -> tenant.recordAll(
                        List.of(Signal.of("view", 1, 1)
                                .at(EventTime.nanos(Instant.now().plusSeconds(3600)))),
                        WriteOptions.DEFAULT));
        fails(ErrorCode.INVALID_ARGUMENT, "r7", () -> tenant.read("view", 1, ReadOptions.DEFAULT.in(RegionId.of(7))));
        fails(ErrorCode.INVALID_ARGUMENT, "10001", () -> tenant.top("view", 10_001, ReadOptions.DEFAULT));
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 200; i++) {
                        tenant.record("view", i, 1);
                    }
                })
                .isInstanceOfSatisfying(
                        QuotaExceededException.class,
                        e -> assertThat(e.retryAfter()).isPositive());
        // A majority is gone: nothing is acknowledged, and what waits is bounded.
        members.kill(0);
        members.kill(1);
        Await.passes(() -> assertThat(members.node(2).health().nodes())
                .filteredOn(each -> each.up())
                .hasSize(1));
        WriteOptions patient = WriteOptions.DEFAULT.with(Duration.ofMinutes(1));
        List<CompletionStage<Position>> open = IntStream.range(0, 64)
                .mapToObj(i -> tenant.recordAllAsync(List.of(Signal.of("view", i, 1)), patient))
                .toList();
        assertThat(open.stream().map(CompletionStage::toCompletableFuture)).noneMatch(each -> each.isDone());
        assertThatThrownBy(() -> tenant.record("view", 1, 1)).isInstanceOf(OverloadedException.class);
        assertThat(tenant.read("view", 1, ReadOptions.DEFAULT).staleness()).isPositive();
        client.close();
        Await.passes(() -> assertThat(open.stream().map(CompletionStage::toCompletableFuture))
                .allMatch(each -> each.isCompletedExceptionally()));
        fails(ErrorCode.CLOSED, "closed", () -> tenant.record("view", 1, 1));
        client.close();
    }

    @Test
    @DisplayName("has writes that come at once share requests: each counts once, or fails alone")
    void together() {
        ClientTenant tenant = create(config().durability(Durability.MAJORITY));
        tenant.record("view", "first", 1);
        WriteOptions twice = WriteOptions.DEFAULT.with(new IdempotencyKey(3, 4));
        Signal again = Signal.of("view", "again", 1).at(Instant.now());
        long late = EventTime.nanos(Instant.now().plusSeconds(3600));
        List<CompletableFuture<Position>> open = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            Signal signal = Signal.of("view", "entity-" + i, 1);
            switch (i % 10) {
                case 3 -> open.add(write(tenant, signal.at(late), WriteOptions.DEFAULT));
                case 5 -> open.add(write(tenant, again, twice));
                default -> open.add(write(tenant, signal, WriteOptions.DEFAULT));
            }
        }
        for (int i = 0; i < 60; i++) {
            CompletableFuture<Position> write = open.get(i);
            if (i % 10 == 3) {
                assertThat(failure(write).code()).isEqualTo(ErrorCode.EVENT_TIME_TOO_FAR);
            } else {
                assertThat(write.join().records()).hasSize(1);
            }
            if (i % 10 == 5) {
                assertThat(write.join()).isEqualTo(open.get(5).join());
            }
        }
        assertThat(tenant.total("view")).isEqualTo(1 + 8 * 6 + 1);
        assertThat(tenant.read("view", "entity-59", ReadOptions.DEFAULT).count())
                .isEqualTo(1);
    }

    @Test
    @DisplayName("has some of the writes that share a request refused by quota, and the others recorded")
    void quotaOfSome() {
        ClientTenant tenant = create(config().maxSignalsPerSecond(1).burst(40));
        List<CompletableFuture<Position>> open = IntStream.range(0, 60)
                .mapToObj(i -> write(tenant, Signal.of("view", i, 1), WriteOptions.DEFAULT))
                .toList();
        List<CompletableFuture<Position>> refused = open.stream()
                .filter(each ->
                        each.handle((position, failure) -> failure != null).join())
                .toList();
        assertThat(refused)
                .hasSizeBetween(1, 20)
                .allSatisfy(each -> assertThat(failure(each)).isInstanceOf(QuotaExceededException.class));
        assertThat(tenant.total("view")).isEqualTo(60 - refused.size());
    }

    private static CompletableFuture<Position> write(ClientTenant tenant, Signal signal, WriteOptions options) {
        return tenant.recordAllAsync(List.of(signal), options).toCompletableFuture();
    }

    private static TidalException failure(CompletableFuture<?> write) {
        Throwable failure = write.handle((done, reason) -> reason).join();
        return (TidalException) Objects.requireNonNull(failure);
    }

    @Test
    @DisplayName("says whom it has tried when it reaches no node, and is refused by another cluster")
    void unreachable() {
        fails(
                ErrorCode.PEER_UNAVAILABLE,
                "n0=" + members.address(0),
                () -> TidalClient.builder()
                        .cluster("other")
                        .seed(NodeId.of("n0"), members.address(0))
                        .connectWithin(Duration.ofMillis(300))
                        .connect());
        fails(
                ErrorCode.INVALID_CONFIGURATION,
                "a node to begin with",
                () -> TidalClient.builder().cluster("members").connect());
        fails(
                ErrorCode.INVALID_ARGUMENT,
                "lower-case",
                () -> TidalClient.builder().name("Shop"));
        fails(
                ErrorCode.INVALID_ARGUMENT,
                "client's name",
                () -> members.node(0).membership().add(NodeId.client("shop", 1), RegionId.of(0), "127.0.0.1:1", true));
    }
}
