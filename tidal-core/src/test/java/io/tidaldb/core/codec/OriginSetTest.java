package io.tidaldb.core.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A set of origins")
class OriginSetTest {

    private static final int INCARNATIONS = 40;

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static SortedSet<Origin> origins(SplittableRandom random) {
        SortedSet<Origin> origins = new TreeSet<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            RegionId region = RegionId.of(random.nextInt(3));
            ShardId shard = ShardId.of(random.nextInt(2));
            int first = random.nextInt(INCARNATIONS);
            for (int each = first; each < Math.min(INCARNATIONS, first + random.nextInt(20)); each++) {
                origins.add(new Origin(region, shard, each));
            }
        }
        return origins;
    }

    @Test
    @DisplayName(
            "has those that were put into it, in whatever order, without those that were taken out, and reads back")
    void isASet() {
        for (int seed = 0; seed < 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SortedSet<Origin> some = origins(random);
            SortedSet<Origin> others = origins(random);
            SortedSet<Origin> both = new TreeSet<>(some);
            both.addAll(others);
            SortedSet<Origin> left = new TreeSet<>(some);
            left.removeAll(others);
            OriginSet sum = OriginSet.of(some).plus(OriginSet.of(others));
            OriginSet rest = OriginSet.of(some).minus(OriginSet.of(others));
            assertThat(sum)
                    .as("seed %s", seed)
                    .isEqualTo(OriginSet.of(both))
                    .hasSameHashCodeAs(OriginSet.of(both))
                    .isEqualTo(OriginSet.of(others).plus(OriginSet.of(some)));
            assertThat(rest).as("seed %s", seed).isEqualTo(OriginSet.of(left));
            assertThat(rest.isEmpty()).isEqualTo(left.isEmpty());
            assertThat(sum.containsAll(rest)).isTrue();
            assertThat(OriginSet.of(some).containsAll(OriginSet.of(others))).isEqualTo(some.containsAll(others));
            assertThat(both).allMatch(sum::contains);
            assertThat(others).noneMatch(rest::contains);
            ByteBuffer bytes = little(sum.encode());
            assertThat(OriginSet.decode(bytes)).isEqualTo(sum);
            assertThat(bytes.hasRemaining()).isFalse();
        }
    }

    @Test
    @DisplayName("takes a few bytes for each replica, however many incarnations that has had")
    void isSmall() {
        OriginSet all = OriginSet.NONE
                .plus(ReplicaId.parse("r0:s0"), 0, Seqno.MAX_INCARNATION)
                .plus(ReplicaId.parse("r1:s0"), 7, 1_000_000);
        assertThat(all.encode()).hasSizeLessThan(2 + 2 * 12);
        assertThat(all).hasToString("r0:s0@0-" + Seqno.MAX_INCARNATION + " r1:s0@7-1000000");
    }

    @Test
    @DisplayName("refuses what is no set of origins, or not written so")
    void refuses() {
        assertThatThrownBy(() -> OriginSet.NONE.plus(ReplicaId.parse("r0:s0"), 3, 2))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("incarnations 3 to 2 of r0:s0");
        assertThatThrownBy(() -> OriginSet.NONE.plus(ReplicaId.parse("r0:s0"), 0, Seqno.MAX_INCARNATION + 1))
                .isInstanceOf(TidalException.class);
        for (byte[] bytes : new byte[][] {
            {1, 0, 0, 0, 0, 0, 0}, // without incarnations
            {2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0}, // out of order
            {2, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0}, // twice
            {1, 0, 0, 0, 0, 0, 1, 0, (byte) 0x80, (byte) 0x80, (byte) 0x80, 8} // beyond the last
        }) {
            assertThatThrownBy(() -> OriginSet.decode(little(bytes)))
                    .as("%s", bytes)
                    .isInstanceOf(TidalException.class);
        }
    }
}
