package io.tidaldb.core.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.routing.ShardRouter.Range;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ShardRouterTest {

    private static final long SEED = 20_261_121L;
    private static final long MAX = -1L;

    @Test
    @DisplayName("R-03: the single-shard default always answers 0")
    void singleAnswersZero() {
        new Random(SEED)
                .longs(1_000)
                .forEach(entity -> assertThat(ShardRouter.single().slot(entity)).isZero());
        assertThat(ShardRouter.single().slots()).isEqualTo(1);
    }

    @Test
    @DisplayName("R-03: the hash is XXH3-64, seed 0, of the id's 8 little-endian bytes, unsigned modulo the slots")
    void hashIsTheOneThatIsFixedForEver() {
        for (int slots : List.of(2, 3, 5, 7, 1_000, 65_535)) {
            ShardRouter router = ShardRouter.hashed(slots);
            new Random(SEED).longs(1_000).forEach(entity -> {
                byte[] bytes = ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(entity)
                        .array();
                long hash = Hashing.xxh3_64().hashBytesToLong(bytes);
                assertThat(router.slot(entity)).isEqualTo((int) Long.remainderUnsigned(hash, slots));
            });
        }
    }

    @Test
    @DisplayName("R-04: 10,000 random ids route to exactly one slot by hash, the same each time")
    void everyEntityHasOneSlotByHash() {
        ShardRouter router = ShardRouter.hashed(7);
        int[] count = new int[7];
        new Random(SEED).longs(10_000).forEach(entity -> {
            count[router.slot(entity)]++;
            assertThat(ShardRouter.hashed(7).slot(entity)).isEqualTo(router.slot(entity));
        });
        for (int entities : count) {
            assertThat(entities).isBetween(1_250, 1_610);
        }
    }

    @Test
    @DisplayName("R-04: 10,000 random ids route to the one range that holds them")
    void everyEntityHasOneSlotByRanges() {
        List<Range> ranges = new ArrayList<>();
        Random random = new Random(SEED);
        long first = 0;
        List<Long> cuts = random.longs(50).boxed().sorted(Long::compareUnsigned).toList();
        for (long cut : cuts) {
            ranges.add(new Range(first, cut, ranges.size() % 6));
            first = cut + 1;
        }
        ranges.add(new Range(first, MAX, 6));
        java.util.Collections.shuffle(ranges, random);
        ShardRouter router = ShardRouter.ranges(ranges);
        assertThat(router.slots()).isEqualTo(7);
        List<Long> entities = new ArrayList<>(random.longs(10_000).boxed().toList());
        cuts.forEach(cut -> entities.addAll(List.of(cut, cut + 1, cut - 1)));
        entities.addAll(List.of(0L, MAX, Long.MAX_VALUE, Long.MIN_VALUE));
        for (long entity : entities) {
            List<Range> holders = ranges.stream()
                    .filter(range -> Long.compareUnsigned(range.first(), entity) <= 0
                            && Long.compareUnsigned(entity, range.last()) <= 0)
                    .toList();
            assertThat(holders).hasSize(1);
            assertThat(router.slot(entity)).isEqualTo(holders.get(0).slot());
        }
    }

    @Test
    @DisplayName("R-03: one range over all of u64 is enough")
    void oneRangeIsEnough() {
        assertThat(ShardRouter.ranges(List.of(new Range(0, MAX, 0))).slot(MAX)).isZero();
    }

    @Test
    @DisplayName("R-03: ranges that overlap are refused by name")
    void refusesOverlappingRanges() {
        assertRefused(
                List.of(new Range(0, 100, 0), new Range(100, MAX, 1)),
                "[0, 100] -> slot 0 overlaps [100, 18446744073709551615] -> slot 1");
        assertRefused(
                List.of(new Range(0, MAX, 0), new Range(5, 6, 1), new Range(8, 9, 2)),
                "[0, 18446744073709551615] -> slot 0 overlaps [8, 9] -> slot 2");
    }

    @Test
    @DisplayName("R-03: ranges that leave a gap are refused by name")
    void refusesGaps() {
        assertRefused(
                List.of(new Range(0, 9, 0), new Range(11, MAX, 1)),
                "nothing covers the ids between [0, 9] -> slot 0 and [11, 18446744073709551615] -> slot 1");
        assertRefused(List.of(new Range(1, MAX, 0)), "before [1, ");
        assertRefused(List.of(new Range(0, Long.MAX_VALUE, 0)), "after [0, 9223372036854775807]");
        assertRefused(List.of(), "there is no range");
    }

    @Test
    @DisplayName("R-03: an empty range is refused")
    void refusesEmptyRange() {
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> new Range(MAX, 0, 0))
                .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_RANGES));
    }

    private static void assertRefused(List<Range> ranges, String named) {
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> ShardRouter.ranges(ranges))
                .withMessageContaining(named)
                .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_RANGES));
    }
}
