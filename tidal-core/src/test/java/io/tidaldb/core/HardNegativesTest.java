package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.WalSegmentId;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-43: what a user does not want to see")
class HardNegativesTest extends OneTenant {

    private static final EntityId ANNA = EntityId.of(1_001);
    private static final EntityId BERT = EntityId.of(1_002);
    private static final EntityId ITEM = EntityId.of(3);

    @BeforeEach
    void record() {
        for (long entity = 1; entity <= 5; entity++) {
            tenant.record("view", entity, (double) entity);
        }
    }

    private static List<Long> top(Tenant tenant, EntityId user) {
        return tenant.top("view", 10, user.value()).stream()
                .map(each -> each.entity().value())
                .toList();
    }

    private Position hide(EntityId item) {
        return tenant.negatives().add(NegativeKind.HIDE, ANNA, item, WriteOptions.DEFAULT);
    }

    @Test
    @DisplayName("is in no ranking for that user, and in those for others")
    void isNotRanked() {
        hide(ITEM);
        assertThat(top(tenant, ANNA)).containsExactly(5L, 4L, 2L, 1L);
        assertThat(top(tenant, BERT)).containsExactly(5L, 4L, 3L, 2L, 1L);
        assertThat(tenant.top("view", 10)).hasSize(5);
        List<EntityId> all = LongStream.rangeClosed(1, 5).mapToObj(EntityId::of).toList();
        assertThat(tenant.negatives().visible(ANNA, all, ReadOptions.DEFAULT))
                .containsExactly(EntityId.of(1), EntityId.of(2), EntityId.of(4), EntityId.of(5));
    }

    @Test
    @DisplayName("fills a ranking up to what was asked for")
    void fillsUp() {
        hide(EntityId.of(5));
        hide(EntityId.of(4));
        assertThat(tenant.top("view", 2, ANNA.value()).stream()
                        .map(each -> each.entity().value()))
                .containsExactly(3L, 2L);
    }

    @Test
    @DisplayName("comes back when all that says so is withdrawn, and not before")
    void withdrawal() {
        hide(ITEM);
        tenant.negatives().add(NegativeKind.MUTE, ANNA, ITEM, WriteOptions.DEFAULT);
        tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, ITEM, WriteOptions.DEFAULT);
        assertThat(top(tenant, ANNA)).doesNotContain(3L);
        tenant.negatives().withdraw(NegativeKind.MUTE, ANNA, ITEM, WriteOptions.DEFAULT);
        assertThat(top(tenant, ANNA)).contains(3L);
        assertThat(tenant.negatives().of(ANNA, ReadOptions.DEFAULT)).isEmpty();
    }

    @Test
    @DisplayName("stays if only another one is withdrawn, which was seen before it")
    void withdrawsWhatItNames() {
        WalSegmentId first = hide(ITEM).records().get(0);
        hide(ITEM);
        tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, ITEM, List.of(first), WriteOptions.DEFAULT);
        assertThat(top(tenant, ANNA)).doesNotContain(3L);
        assertThat(tenant.negatives().of(ANNA, ReadOptions.DEFAULT)).hasSize(1);
    }

    @Test
    @DisplayName("R-13: a retry has no second effect, also when it was withdrawn meanwhile")
    void retries() {
        Position hidden = tenant.negatives().add(NegativeKind.HIDE, ANNA, ITEM, Drill.keyed(1));
        Position withdrawn = tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, ITEM, Drill.keyed(2));
        assertThat(tenant.negatives().add(NegativeKind.HIDE, ANNA, ITEM, Drill.keyed(1)))
                .isEqualTo(hidden);
        assertThat(top(tenant, ANNA)).contains(3L);
        hide(ITEM);
        assertThat(tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, ITEM, Drill.keyed(2)))
                .isEqualTo(withdrawn);
        assertThat(top(tenant, ANNA)).doesNotContain(3L);
        Drill.fails(
                ErrorCode.IDEMPOTENCY_KEY_REUSED,
                () -> tenant.negatives().add(NegativeKind.BLOCK, ANNA, ITEM, Drill.keyed(1)));
    }

    @Test
    @DisplayName("outlasts a restart and a crash")
    void outlastsRestarts() {
        hide(ITEM);
        hide(EntityId.of(77));
        reopen(tidal::close);
        assertThat(top(tenant, ANNA)).doesNotContain(3L);
        reopen(tidal::abandon);
        assertThat(top(tenant, ANNA)).doesNotContain(3L);
        assertThat(tenant.negatives().of(ANNA, ReadOptions.DEFAULT)).hasSize(2);
    }

    @Test
    @DisplayName("outlasts its log")
    void outlastsItsLog() {
        tidal.close();
        tidal = drill.durable().retention(Duration.ZERO).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        hide(ITEM);
        hide(EntityId.of(4));
        tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, EntityId.of(4), Drill.keyed(4));
        long entities = tenant.usage().entities();
        drill.clock.advance(Duration.ofMinutes(1));
        tidal.checkpoint();
        reopen(tidal::abandon);
        assertThat(top(tenant, ANNA)).containsExactly(5L, 4L, 2L, 1L);
        assertThat(tenant.usage().entities()).isEqualTo(entities);
        tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, EntityId.of(4), Drill.keyed(4));
        tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, ITEM, WriteOptions.DEFAULT);
        assertThat(top(tenant, ANNA)).hasSize(5);
    }

    @Test
    @DisplayName("R-24: counts its user and its entity once, with those of signals")
    void entities() {
        hide(ITEM);
        assertThat(tenant.usage().entities()).isEqualTo(6);
        hide(EntityId.of(99));
        hide(EntityId.of(99));
        assertThat(tenant.usage().entities()).isEqualTo(7);
        tenant.record("view", 99, 1);
        assertThat(tenant.usage().entities()).isEqualTo(7);
        assertThat(tenant.verifyUsage().countedEntities()).isEqualTo(7);
        tidal.updateTenant(TenantConfig.builder(Drill.TENANT).maxEntities(8).build());
        hide(EntityId.of(100));
        Drill.fails(ErrorCode.QUOTA_EXCEEDED, () -> hide(EntityId.of(101)));
        Drill.fails(ErrorCode.QUOTA_EXCEEDED, () -> tenant.record("view", 102, 1));
        tenant.record("view", 100, 1);
        assertThat(tenant.usage().entities()).isEqualTo(8);
    }

    @Test
    @DisplayName("a withdrawal names 1 to 1,000 records of the entity's shard")
    void malformed() {
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, ITEM, List.of(), WriteOptions.DEFAULT));
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> tenant.negatives()
                        .withdraw(
                                NegativeKind.HIDE,
                                ANNA,
                                ITEM,
                                List.of(WalSegmentId.parse("r0:s7:1")),
                                WriteOptions.DEFAULT));
    }
}
