package io.tidaldb.api;

import static io.tidaldb.api.IdentitiesTest.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-20 tenant configuration")
class TenantConfigTest {

    private static final TenantId TENANT = TenantId.of(42);

    @Test
    @DisplayName("R-20 unless told otherwise a tenant is unlimited, unrestricted, \"default\", LOCAL and SINGLE")
    void defaults() {
        TenantConfig config = builder().build();

        assertThat(config.id()).isEqualTo(TENANT);
        assertThat(config.label()).isEqualTo("default");
        assertThat(config.maxSignalsPerSecond()).isEmpty();
        assertThat(config.burst()).isEmpty();
        assertThat(config.reservedSignalsPerSecond()).isEmpty();
        assertThat(config.maxEntities()).isEmpty();
        assertThat(config.maxStorageBytes()).isEmpty();
        assertThat(config.requiredRegions()).isEmpty();
        assertThat(config.durability()).isEqualTo(Durability.LOCAL);
        assertThat(config.writes()).isEqualTo(WriteMode.SINGLE);
        assertThat(config.slots()).isEqualTo(1);
        assertThat(config.pinnedShards()).isEmpty();
        assertThat(config.hold()).isEqualTo(Duration.ofHours(24));
    }

    @Test
    @DisplayName("R-20 every option can be set, and a builder made from a configuration builds the same one")
    void everyOptionIsKept() {
        TenantConfig config = builder()
                .label("acme")
                .maxSignalsPerSecond(100)
                .burst(100)
                .reservedSignalsPerSecond(10)
                .maxEntities(1_000)
                .maxStorageBytes(1 << 20)
                .requiredRegions(RegionId.of(2), RegionId.of(1), RegionId.of(2))
                .durability(Durability.MAJORITY)
                .writes(WriteMode.EVERYWHERE)
                .pinnedShards(ReplicaId.parse("r2:s2"), ReplicaId.parse("r1:s1"))
                .hold(Duration.ZERO)
                .build();

        assertThat(config.label()).isEqualTo("acme");
        assertThat(config.maxSignalsPerSecond()).hasValue(100);
        assertThat(config.burst()).hasValue(100);
        assertThat(config.reservedSignalsPerSecond()).hasValue(10);
        assertThat(config.maxEntities()).hasValue(1_000);
        assertThat(config.maxStorageBytes()).hasValue(1 << 20);
        assertThat(config.requiredRegions()).containsExactly(RegionId.of(1), RegionId.of(2));
        assertThat(config.durability()).isEqualTo(Durability.MAJORITY);
        assertThat(config.writes()).isEqualTo(WriteMode.EVERYWHERE);
        assertThat(config.slots()).isEqualTo(2);
        assertThat(config.pinnedShards()).containsExactly(ReplicaId.parse("r2:s2"), ReplicaId.parse("r1:s1"));
        assertThat(config.hold()).isZero();
        assertThat(config.toBuilder().build()).isEqualTo(config);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 2e12})
    @DisplayName("R-20 a rate that is not a number above 0 is refused")
    void refusesRates(double rate) {
        assertRefused(
                () -> builder().maxSignalsPerSecond(rate).build(), "max signals per second of tenant t42", "" + rate);
        assertRefused(
                () -> builder().reservedSignalsPerSecond(rate).build(), "reserved signals per second of tenant t42");
        assertRefused(() -> builder().maxSignalsPerSecond(1).burst(rate).build(), "burst of tenant t42", "" + rate);
    }

    @Test
    @DisplayName("R-20 a burst below the cost of one signal, or without a rate, is refused")
    void refusesBursts() {
        assertRefused(
                () -> builder().maxSignalsPerSecond(1).burst(0.5).build(), "burst of tenant t42 is 0.5", "at least 1");
        assertRefused(() -> builder().burst(10).build(), "burst of tenant t42 is 10.0", "max signals per second");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    @DisplayName("R-20 a cap that is not above 0 is refused")
    void refusesCaps(long cap) {
        assertRefused(() -> builder().maxEntities(cap).build(), "max entities of tenant t42 is " + cap);
        assertRefused(() -> builder().maxStorageBytes(cap).build(), "max storage bytes of tenant t42 is " + cap);
    }

    @Test
    @DisplayName("R-20 a label is 1 to 256 characters without control characters")
    void refusesLabels() {
        assertThat(builder().label("x".repeat(256)).build().label()).hasSize(256);
        assertRefused(() -> builder().label("").build(), "label of tenant t42", "1 to 256");
        assertRefused(() -> builder().label("x".repeat(257)).build(), "label of tenant t42", "1 to 256");
        assertRefused(() -> builder().label("a\tb").build(), "label of tenant t42 is \"a?b\"");
    }

    @Test
    @DisplayName("R-20 a tenant has 1 to 65,535 slots")
    void refusesSlots() {
        assertThat(builder().slots(65_535).build().slots()).isEqualTo(65_535);
        assertRefused(() -> builder().slots(0).build(), "slots of tenant t42 is 0");
        assertRefused(() -> builder().slots(65_536).build(), "slots of tenant t42 is 65536");
    }

    @Test
    @DisplayName("R-20 pinned shards are distinct, one for each slot, and lie in the required regions")
    void refusesPins() {
        ReplicaId shard = ReplicaId.parse("r2:s0");
        assertRefused(() -> builder().pinnedShards(shard).slots(2).build(), "pinned shards of tenant t42", "2 slots");
        assertRefused(
                () -> builder().pinnedShards(shard, shard).build(), "pinned shards of tenant t42", "without repeats");
        assertRefused(
                () -> builder()
                        .requiredRegions(RegionId.of(1))
                        .pinnedShards(shard)
                        .build(),
                "pinned shard of tenant t42 is r2:s0",
                "[r1]");
    }

    @Test
    @DisplayName("R-20 a hold is 0 or more")
    void refusesHold() {
        assertRefused(() -> builder().hold(Duration.ofNanos(-1)).build(), "hold of tenant t42");
    }

    private static TenantConfig.Builder builder() {
        return TenantConfig.builder(TENANT);
    }
}
