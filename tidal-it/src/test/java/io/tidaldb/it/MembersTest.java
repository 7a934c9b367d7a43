package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.Membership;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Window;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Instances that are one node each of a cluster, over sockets")
class MembersTest {

    private static final TenantId TENANT = TenantId.of(42);

    @TempDir
    private Path directory;

    private Members members;

    @BeforeEach
    void open() throws IOException {
        members = new Members(directory);
        start(0, 1, 2);
    }

    @AfterEach
    void close() {
        members.close();
    }

    private void start(int... nodes) {
        members.start(nodes);
    }

    private void join(int number, RegionId region, int... others) {
        members.join(number, region, others);
    }

    private void kill(int number) {
        members.kill(number);
    }

    private Tidal node(int number) {
        return members.node(number);
    }

    private Tenant tenant(int number) {
        return members.tenant(number, TENANT);
    }

    private void awaitFilled(int asked, String... voters) {
        Await.passes(() -> assertThat(node(asked).membership().members())
                .allMatch(member -> member.filling().isEmpty())
                .filteredOn(Membership.Member::votes)
                .extracting(member -> member.node().name())
                .containsExactly(voters));
    }

    @Test
    @DisplayName("F-71: an entity that is erased through one node is gone from all, and so is a token that one revokes")
    void erasedAndRevoked() {
        node(1).createTenant(config().pinnedShards(ReplicaId.parse("r0:s0")).build());
        for (int i = 0; i < 3; i++) {
            tenant(i).record("view", 7, 1);
            tenant(i).record("view", 8, 1);
        }
        node(2).revokeToken("0123456789ab");
        node(2).eraseEntity(TENANT, EntityId.of(7));
        for (int i = 0; i < 3; i++) {
            int asked = i;
            Await.passes(() -> {
                assertThat(node(asked).isTokenRevoked("0123456789ab")).isTrue();
                assertThat(tenant(asked).total("view")).isEqualTo(3);
                assertThat(node(asked).entityErasures()).hasSize(1).allMatch(EntityErasure::isComplete);
                assertThat(tenant(asked)
                                .read("view", 7, ReadOptions.DEFAULT.in(RegionId.of(asked)))
                                .count())
                        .isZero();
            });
        }
        tenant(2).record("view", 7, 1);
        assertThat(tenant(0).count("view", 7, Window.ONE_HOUR)).isEqualTo(1);
    }

    private static TenantConfig.Builder config() {
        return TenantConfig.builder(TENANT);
    }

    @Test
    @DisplayName("what is written through one node is read through each, whoever leads")
    void everywhere() {
        for (int leader = 0; leader < 3; leader++) {
            TenantId id = TenantId.of(100 + leader);
            Tenant created = node(1).createTenant(TenantConfig.builder(id)
                    .label("tenant-" + leader)
                    .pinnedShards(ReplicaId.parse("r" + leader + ":s" + leader))
                    .build());
            assertThat(created.config().label()).isEqualTo("tenant-" + leader);
            for (int writer = 0; writer < 3; writer++) {
                Tenant tenant = node(writer).tenant(id).orElseThrow();
                Position position = tenant.record("view", 7, 2);
                assertThat(position.records().get(0).region()).isEqualTo(RegionId.of(leader));
                assertThat(tenant.count("view", 7, Window.ONE_HOUR)).isEqualTo(writer + 1);
            }
            for (int reader = 0; reader < 3; reader++) {
                Tenant tenant = node(reader).tenant(id).orElseThrow();
                assertThat(tenant.score("view", 7)).isBetween(5.99, 6.0);
                assertThat(tenant.total("view")).isEqualTo(3);
                assertThat(tenant.entities("view")).isEqualTo(1);
                assertThat(tenant.usage().accepted()).isEqualTo(3);
                assertThat(tenant.verifyUsage().matches()).isTrue();
            }
        }
        Await.passes(() -> assertThat(node(2).tenantLabelled("tenant-0")).isPresent());
    }

    @Test
    @DisplayName("a tenant's slots on several nodes are written, ranked, counted and exported as one")
    void severalSlots() {
        node(0).createTenant(config().slots(3).build());
        List<Signal> signals = new ArrayList<>();
        for (int entity = 0; entity < 300; entity++) {
            signals.add(Signal.of("view", "entity-" + entity, entity + 1));
        }
        for (int writer = 0; writer < 3; writer++) {
            tenant(writer).recordAll(signals, WriteOptions.DEFAULT.with(new IdempotencyKey(1, 1)));
        }
        for (int reader = 0; reader < 3; reader++) {
            Tenant tenant = tenant(reader);
            assertThat(tenant.total("view")).isEqualTo(300);
            assertThat(tenant.top("view", 3))
                    .extracting("name")
                    .containsExactly("entity-299", "entity-298", "entity-297");
            assertThat(tenant.score("view", "entity-9")).isBetween(9.99, 10.0);
            List<RecordedSignal> exported = new ArrayList<>();
            tenant.export(exported::add);
            assertThat(exported).hasSize(300);
            assertThat(tenant.verifyUsage().matches()).isTrue();
            assertThat(tenant.usageByHour().stream()
                            .mapToLong(hour -> hour.signals())
                            .sum())
                    .isEqualTo(300);
        }
        Await.passes(
                () -> assertThat(tenant(1).compareReplicas(false)).hasSize(6).allMatch(ReplicaComparison::isEqual));
    }

    @Test
    @DisplayName("a quota is one for all nodes, and its refusal says the same through each")
    void quota() {
        node(0).createTenant(config().slots(3).maxSignalsPerSecond(1).burst(30).build());
        int taken = 0;
        QuotaExceededException refusal = null;
        for (int round = 0; refusal == null; round++) {
            try {
                tenant(round % 3).record("view", round, 1);
                taken++;
            } catch (QuotaExceededException e) {
                refusal = e;
            }
        }
        assertThat(taken).isBetween(30, 60);
        assertThat(refusal.limit()).isEqualTo(1);
        assertThat(refusal.retryAfter()).isPositive();
        assertThat(tenant(0).total("view")).isEqualTo(taken);
    }

    @Test
    @DisplayName("changes and deletions are decided through any node and hold on all")
    void changes() {
        node(2).createTenant(config().build());
        tenant(0).record("view", 1, 1);
        node(1).updateTenant(config().maxEntities(1).build());
        for (int each = 0; each < 3; each++) {
            int node = each;
            assertThat(tenant(node).config().maxEntities()).hasValue(1);
            assertThatThrownBy(() -> tenant(node).record("view", 2, 1)).isInstanceOf(QuotaExceededException.class);
        }
        node(0).declareSignal("like", Duration.ofDays(30));
        node(1).updateTenant(config().build());
        tenant(2).record("like", 1, 1);
        node(0).deleteTenant(TENANT);
        for (int each = 0; each < 3; each++) {
            assertThat(node(each).tenant(TENANT)).isEmpty();
        }
        Tenant anew = node(1).createTenant(config().build());
        assertThat(anew.total("view")).isZero();
    }

    @Test
    @DisplayName("a node that is killed and comes back misses nothing; the others go on with what they lead")
    void killed() {
        node(0).createTenant(config().pinnedShards(ReplicaId.parse("r0:s0"))
                .durability(Durability.MAJORITY)
                .build());
        for (int entity = 0; entity < 50; entity++) {
            tenant(1).record("view", entity, 1);
        }
        kill(2);
        for (int entity = 50; entity < 100; entity++) {
            tenant(1).record("view", entity, 1);
        }
        Await.passes(() -> {
            ClusterHealth health = node(0).health();
            assertThat(health.nodes())
                    .filteredOn(each -> !each.up())
                    .extracting("node")
                    .containsExactly(NodeId.of("n2"));
            assertThat(health.leader()).isIn(NodeId.of("n0"), NodeId.of("n1"));
        });
        node(1).createTenant(TenantConfig.builder(TenantId.of(43))
                .pinnedShards(ReplicaId.parse("r1:s1"))
                .build());
        start(2);
        Await.passes(() -> assertThat(tenant(2)
                        .readAll(
                                "view",
                                IntStream.range(0, 100).mapToObj(EntityId::of).toList(),
                                ReadOptions.DEFAULT.in(RegionId.of(2))))
                .allMatch(reading -> reading.count() == 1));
        assertThat(node(2).tenant(TenantId.of(43))).isPresent();
        assertThat(node(0).health().nodes()).allMatch(ClusterHealth.NodeHealth::up);
    }

    @Test
    @DisplayName(
            "R-52: what a node led that is killed is led by another one in time, with everything that was acknowledged")
    void failover() {
        for (Durability level : new Durability[] {Durability.LOCAL, Durability.MAJORITY}) {
            TenantId id = TenantId.of(level.ordinal() + 1);
            node(0).createTenant(TenantConfig.builder(id)
                    .pinnedShards(ReplicaId.parse("r2:s2"))
                    .durability(level)
                    .build());
            for (int entity = 0; entity < 100; entity++) {
                node(entity % 3).tenant(id).orElseThrow().record("view", entity, 1);
            }
        }
        kill(2);
        Tenant majority =
                node(0).tenant(TenantId.of(Durability.MAJORITY.ordinal() + 1)).orElseThrow();
        Tenant local =
                node(1).tenant(TenantId.of(Durability.LOCAL.ordinal() + 1)).orElseThrow();
        assertThat(majority.read("view", 1, ReadOptions.DEFAULT).count()).isEqualTo(1);
        // Both wait until another node leads.
        majority.record("view", 100, 1);
        local.record("view", 100, 1);
        assertThat(majority.placement()).doesNotContain(ReplicaId.parse("r2:s2"));
        assertThat(majority.total("view")).isEqualTo(101);
        start(2);
        for (int each = 0; each < 3; each++) {
            int node = each;
            Await.passes(
                    () -> assertThat(node(node).tenants()).hasSize(2).allMatch(tenant -> tenant.total("view") == 101));
        }
        assertThat(node(2).tenants()).allMatch(tenant -> !tenant.placement().contains(ReplicaId.parse("r2:s2")));
        node(2).tenants().forEach(tenant -> tenant.record("view", 101, 1));
    }

    @Test
    @DisplayName("a node that is lost for good is replaced under load, then another one is lost: nothing is missing")
    void replaced() {
        ReplicaId onLost = ReplicaId.parse("r2:s2");
        node(0).createTenant(config().pinnedShards(ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s1"), onLost)
                .durability(Durability.MAJORITY)
                .build());
        AtomicInteger written = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> load = CompletableFuture.runAsync(() -> {
            while (!over.get()) {
                int entity = written.get();
                IdempotencyKey key = new IdempotencyKey(7, entity);
                try {
                    tenant(0).recordAll(List.of(Signal.of("view", entity, 1)), WriteOptions.DEFAULT.with(key));
                    written.incrementAndGet();
                } catch (TidalException e) {
                    assertThat(e.outcome()).isNotEqualTo(Outcome.FATAL);
                }
            }
        });
        Await.passes(() -> assertThat(written.get()).isGreaterThan(100));
        kill(2);
        Await.passes(() -> node(1).membership().replace(NodeId.of("n2"), NodeId.of("n3"), members.address(3), false));
        join(3, RegionId.of(2), 0, 1);
        awaitFilled(0, "n0", "n1", "n3");
        int before = written.get();
        Await.passes(() -> assertThat(written.get()).isGreaterThan(before + 100));
        assertThatThrownBy(() -> node(0).membership().remove(NodeId.of("n3"), true))
                .hasMessageContaining("has replicas of 3 shards");
        over.set(true);
        load.join();
        kill(1);
        Tenant left = tenant(3);
        Await.passes(() -> left.recordAll(
                List.of(Signal.of("view", written.get(), 1)),
                WriteOptions.DEFAULT.with(new IdempotencyKey(7, written.get()))));
        int all = written.get() + 1;
        for (int reader : new int[] {0, 3}) {
            assertThat(tenant(reader).total("view")).isEqualTo(all);
            List<RecordedSignal> exported = new ArrayList<>();
            tenant(reader).export(exported::add);
            assertThat(exported.stream().map(RecordedSignal::entity).distinct()).hasSize(all);
        }
        // Whoever was replaced before it was started again knows what was agreed meanwhile, from its own copy of what
        // is agreed.
        kill(3);
        join(3, RegionId.of(2), 0, 1);
        start(1);
        awaitFilled(1, "n0", "n1", "n3");
        Await.passes(() -> assertThat(tenant(1).total("view")).isEqualTo(all));
    }

    @Test
    @DisplayName("a node without replicas joins, routes, and goes; the name of one that is gone never comes back")
    void joinsAndLeaves() {
        node(0).createTenant(config().slots(3).build());
        NodeId gateway = NodeId.of("n3");
        assertThatThrownBy(() -> node(0).membership().add(gateway, RegionId.of(1), "", false))
                .isInstanceOf(TidalException.class);
        node(0).membership().add(gateway, RegionId.of(1), members.address(3), false);
        join(3, RegionId.of(1), 2);
        awaitFilled(3, "n0", "n1", "n2", "n3");
        tenant(3).record("view", 1, 1);
        assertThat(tenant(3).total("view")).isEqualTo(1);
        assertThat(tenant(1).total("view")).isEqualTo(1);
        assertThat(node(3).health().nodes()).hasSize(4).allMatch(ClusterHealth.NodeHealth::up);
        node(0).membership().remove(gateway, false);
        awaitFilled(0, "n0", "n1", "n2");
        assertThatThrownBy(() -> node(1).membership().add(gateway, RegionId.of(1), members.address(3), false))
                .hasMessageContaining("node n3 was removed from the cluster: choose another name");
        assertThat(node(0).health().nodes()).hasSize(3);
        tenant(2).record("view", 2, 1);
    }

    @Test
    @DisplayName(
            "class 9: a node that returns with an empty disk and its old name is refused, and its replacement is not")
    void emptyDisk() {
        kill(2);
        Trees.delete(directory.resolve("n2"));
        assertThatThrownBy(() -> start(2)).hasMessageContaining("it has lost what it had acknowledged");
        Await.passes(() -> node(0).membership().replace(NodeId.of("n2"), NodeId.of("n3"), members.address(3), false));
        join(3, RegionId.of(2), 0, 1);
        awaitFilled(1, "n0", "n1", "n3");
    }

    @Test
    @DisplayName("a node that was removed and comes back with its directory ends at once and says why")
    void comesBack() {
        kill(2);
        Await.passes(() -> node(0).membership().replace(NodeId.of("n2"), NodeId.of("n3"), members.address(3), false));
        assertThatThrownBy(() -> start(2))
                .hasMessageContaining(
                        "was removed from the cluster, and n3 has taken its place: start a node with another name");
        join(3, RegionId.of(2), 1);
        awaitFilled(1, "n0", "n1", "n3");
    }

    @Test
    @DisplayName("without a majority writes are refused, and reads say how old they may be; then everything goes on")
    void minority() {
        node(0).createTenant(config().pinnedShards(ReplicaId.parse("r0:s0")).build());
        tenant(0).record("view", 1, 1);
        kill(1);
        kill(2);
        Await.passes(() -> assertThatThrownBy(() -> tenant(0)
                        .recordAll(List.of(Signal.of("view", 2, 1)), WriteOptions.DEFAULT.with(Duration.ofMillis(10))))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_OWNER)));
        long written = tenant(0).total("view");
        assertThat(tenant(0).read("view", 1, ReadOptions.DEFAULT).staleness()).isPositive();
        start(1, 2);
        Await.passes(() -> tenant(2).record("view", 3, 1));
        assertThat(tenant(1).total("view")).isGreaterThan(written);
    }
}
