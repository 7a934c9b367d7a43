package io.tidaldb.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-01 identities")
class IdentitiesTest {

    private static final List<Long> UNSIGNED_64 =
            List.of(0L, 1L, 42L, (1L << 53) + 1, Long.MAX_VALUE, Long.MIN_VALUE, -1L);

    @Test
    @DisplayName("R-01 tenant 0 is the default tenant")
    void defaultTenantIsZero() {
        assertThat(TenantId.DEFAULT).isEqualTo(TenantId.of(0)).hasToString("t0");
    }

    @Test
    @DisplayName("R-01 identities print in their short form")
    void printsShortForms() {
        assertThat(RegionId.of(1)).hasToString("r1");
        assertThat(ShardId.of(3)).hasToString("s3");
        assertThat(ReplicaId.of(RegionId.of(1), ShardId.of(3))).hasToString("r1:s3");
        assertThat(TenantId.of(42)).hasToString("t42");
        assertThat(TenantId.of(-1)).hasToString("t18446744073709551615");
        assertThat(EntityId.of(-1)).hasToString("18446744073709551615");
        assertThat(NodeId.of("n0")).hasToString("n0");
        assertThat(new Origin(RegionId.of(1), ShardId.of(3), 0)).hasToString("r1:s3");
        assertThat(new Origin(RegionId.of(1), ShardId.of(3), 2)).hasToString("r1:s3@2");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 32_768, 65_535})
    @DisplayName("R-01 regions and shards hold all 16 bits, and the printed form parses back")
    void regionsAndShardsRoundTrip(int value) {
        assertThat(RegionId.parse(RegionId.of(value).toString())).isEqualTo(RegionId.of(value));
        assertThat(RegionId.parse(Integer.toString(value)).value()).isEqualTo(value);
        assertThat(ShardId.parse(ShardId.of(value).toString())).isEqualTo(ShardId.of(value));
        assertThat(ShardId.parse(Integer.toString(value)).value()).isEqualTo(value);
        ReplicaId replica = ReplicaId.of(RegionId.of(value), ShardId.of(65_535 - value));
        assertThat(ReplicaId.parse(replica.toString())).isEqualTo(replica);
    }

    @Test
    @DisplayName("R-01 tenants and entities hold all 64 bits, and the printed form parses back")
    void tenantsAndEntitiesRoundTrip() {
        for (long value : UNSIGNED_64) {
            assertThat(TenantId.parse(TenantId.of(value).toString())).isEqualTo(TenantId.of(value));
            assertThat(TenantId.parse(Long.toUnsignedString(value)).value()).isEqualTo(value);
            assertThat(EntityId.parse(EntityId.of(value).toString())).isEqualTo(EntityId.of(value));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65_536, Integer.MIN_VALUE, Integer.MAX_VALUE})
    @DisplayName("R-01 regions and shards beyond 16 bits are refused by value")
    void refusesMoreThan16Bits(int value) {
        assertRefused(() -> RegionId.of(value), "region id " + value, "0 to 65535");
        assertRefused(() -> ShardId.of(value), "shard id " + value, "0 to 65535");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "t",
                "x1",
                "-1",
                "+1",
                "1.5",
                " 1",
                "1 ",
                "tt1",
                "T1",
                "0x10",
                "18446744073709551616",
                "1１",
                "１"
            })
    @DisplayName("R-01 a text that is no identity is refused with the text and what was expected")
    void parseErrorsNameTheValue(String text) {
        assertRefused(() -> TenantId.parse(text), "tenant id \"" + text + "\"", "18446744073709551615");
        assertRefused(() -> EntityId.parse(text), "entity id \"" + text + "\"", "18446744073709551615");
        assertRefused(() -> RegionId.parse(text), "region id \"" + text + "\"", "0 to 65535, or r0 to r65535");
        assertRefused(() -> ShardId.parse(text), "shard id \"" + text + "\"", "0 to 65535, or s0 to s65535");
    }

    @Test
    @DisplayName("R-01 a parsed region or shard beyond 16 bits is refused by text")
    void parseErrorsNameTheRange() {
        assertRefused(() -> RegionId.parse("r65536"), "\"r65536\"", "0 to 65535");
        assertRefused(() -> ShardId.parse("s18446744073709551615"), "\"s18446744073709551615\"", "0 to 65535");
    }

    @Test
    @DisplayName("R-01 an error shows neither control characters nor more than 80 characters of what it refuses")
    void parseErrorsAreSafeToPrint() {
        assertThatThrownBy(() -> TenantId.parse("1\n2\u001b[31m"))
                .hasMessageContaining("\"1?2?[31m\"")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n", "\u001b"));
        assertThatThrownBy(() -> TenantId.parse("x".repeat(10_000)))
                .satisfies(e -> assertThat(e.getMessage())
                        .contains("x".repeat(80) + "…")
                        .hasSizeLessThan(250));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "r1", "s1:r1", "r1:", ":s1", "1:1", "r1:3", "r1:s3:4", "r1-s3"})
    @DisplayName("R-01 a text that is no replica is refused")
    void refusesMalformedReplicas(String text) {
        assertRefused(() -> ReplicaId.parse(text));
    }

    @Test
    @DisplayName("R-01 tenants and entities are ordered as unsigned numbers")
    void ordersAsUnsigned() {
        assertOrdered(UNSIGNED_64.stream().map(TenantId::of).toList());
        assertOrdered(UNSIGNED_64.stream().map(EntityId::of).toList());
    }

    @Test
    @DisplayName("R-01 regions, shards, replicas and origins are ordered by number, from left to right")
    void ordersByNumber() {
        assertOrdered(List.of(RegionId.of(0), RegionId.of(2), RegionId.of(10), RegionId.of(65_535)));
        assertOrdered(List.of(ShardId.of(0), ShardId.of(2), ShardId.of(10), ShardId.of(65_535)));
        assertOrdered(List.of(replica(0, 0), replica(0, 10), replica(1, 0), replica(1, 9), replica(10, 0)));
        assertOrdered(List.of(origin(0, 0, 0), origin(0, 0, 9), origin(0, 1, 0), origin(1, 0, 0), origin(1, 0, 1)));
        assertOrdered(List.of(NodeId.of("n0"), NodeId.of("n1"), NodeId.of("n10"), NodeId.of("n2")));
    }

    @Test
    @DisplayName("R-01 equal numbers are equal identities with one hash; another kind never equals")
    void equalByValue() {
        for (long value : UNSIGNED_64) {
            assertThat(TenantId.of(value)).isEqualTo(TenantId.of(value)).hasSameHashCodeAs(TenantId.of(value));
            assertThat(EntityId.of(value)).isEqualTo(EntityId.of(value)).hasSameHashCodeAs(EntityId.of(value));
        }
        assertThat((Object) RegionId.of(1)).isNotEqualTo(ShardId.of(1));
        assertThat((Object) TenantId.of(1)).isNotEqualTo(EntityId.of(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "N0", "-n", "n-", "n_0", "n 0", "n.0", "../n0"})
    @DisplayName("a node name that could not be a directory or a host is refused")
    void refusesNodeNames(String name) {
        assertRefused(() -> NodeId.of(name), "node name \"" + name + "\"");
    }

    @Test
    @DisplayName("a node name has up to 63 characters")
    void boundsNodeNames() {
        assertThat(NodeId.of("n".repeat(63)).name()).hasSize(63);
        assertRefused(() -> NodeId.of("n".repeat(64)), "63");
    }

    @Test
    @DisplayName("an idempotency key is a UUID's 128 bits, ordered as unsigned")
    void keysAreUuids() {
        UUID uuid = UUID.fromString("f47ac10b-58cc-4372-a567-0e02b2c3d479");
        assertThat(IdempotencyKey.of(uuid)).hasToString(uuid.toString());
        assertOrdered(List.of(
                new IdempotencyKey(0, 0),
                new IdempotencyKey(0, -1),
                new IdempotencyKey(1, 0),
                new IdempotencyKey(-1, 0)));
    }

    static <T extends Comparable<T>> void assertOrdered(List<T> ascending) {
        for (int i = 0; i < ascending.size(); i++) {
            for (int j = 0; j < ascending.size(); j++) {
                int order = Integer.signum(ascending.get(i).compareTo(ascending.get(j)));
                assertThat(order)
                        .as("%s against %s", ascending.get(i), ascending.get(j))
                        .isEqualTo(Integer.compare(i, j));
                assertThat(ascending.get(i).equals(ascending.get(j))).isEqualTo(i == j);
            }
        }
    }

    static void assertRefused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOfSatisfying(TidalException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
            assertThat(List.of(parts))
                    .allSatisfy(part -> assertThat(e.getMessage()).contains(part));
        });
    }

    private static ReplicaId replica(int region, int shard) {
        return ReplicaId.of(RegionId.of(region), ShardId.of(shard));
    }

    private static Origin origin(int region, int shard, int incarnation) {
        return new Origin(RegionId.of(region), ShardId.of(shard), incarnation);
    }
}
