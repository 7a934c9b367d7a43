package io.tidaldb.core.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Seqno ranges")
class SeqnoRangesTest {

    private static final long[] STARTS = {1, (5L << 40) + 1, (1L << 63) - 150, (0xFF_FFFFL << 40) + 1};

    @Test
    void areTheSetThatWasAddedInWhateverOrderAndReadBack() {
        for (int seed = 0; seed < 2000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long start = STARTS[random.nextInt(STARTS.length)];
            BitSet expected = new BitSet();
            SeqnoRanges ranges = SeqnoRanges.NONE;
            for (int i = random.nextInt(20); i > 0; i--) {
                int first = random.nextInt(200);
                int last = first + random.nextInt(1, 20);
                expected.set(first, last + 1);
                SeqnoRanges added = SeqnoRanges.of(start + first, start + last);
                ranges = random.nextBoolean() ? ranges.plus(added) : added.plus(ranges);
            }
            SeqnoRanges inOrder = SeqnoRanges.NONE;
            for (int at = 0; at < 300; at++) {
                assertThat(ranges.contains(start + at))
                        .as("seed %s, %s", seed, at)
                        .isEqualTo(expected.get(at));
                assertThat(ranges.nextOut(start + at)).isEqualTo(start + expected.nextClearBit(at));
                int next = expected.nextSetBit(at);
                assertThat(ranges.nextIn(start + at)).isEqualTo(next < 0 ? -1 : start + next);
                inOrder = expected.get(at) ? inOrder.plus(start + at, start + at) : inOrder;
            }
            assertThat(ranges).as("seed %s", seed).isEqualTo(inOrder).hasSameHashCodeAs(inOrder);
            ByteBuffer bytes = ByteBuffer.wrap(ranges.encode(start));
            assertThat(SeqnoRanges.decode(bytes, start, start + 300))
                    .as("seed %s", seed)
                    .isEqualTo(ranges);
            assertThat(bytes.hasRemaining()).isFalse();
        }
    }

    @Test
    @DisplayName("of which others are taken away, or looked for, are what is left of the sets")
    void minus() {
        for (int seed = 0; seed < 2000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long start = STARTS[random.nextInt(STARTS.length)];
            BitSet these = bits(random, 8);
            BitSet others = bits(random, 4);
            SeqnoRanges left = ranges(start, these).minus(ranges(start, others));
            BitSet expected = (BitSet) these.clone();
            expected.andNot(others);
            assertThat(left).as("seed %s", seed).isEqualTo(ranges(start, expected));
            assertThat(ranges(start, these).containsAll(ranges(start, others)))
                    .as("seed %s", seed)
                    .isEqualTo(others.stream().allMatch(these::get));
            assertThat(ranges(start, these).containsAll(left)).isTrue();
        }
    }

    private static BitSet bits(SplittableRandom random, int most) {
        BitSet bits = new BitSet();
        for (int i = random.nextInt(most); i > 0; i--) {
            int first = random.nextInt(60);
            bits.set(first, first + random.nextInt(1, 30));
        }
        return bits;
    }

    private static SeqnoRanges ranges(long start, BitSet bits) {
        SeqnoRanges ranges = SeqnoRanges.NONE;
        for (int at = bits.nextSetBit(0); at >= 0; at = bits.nextSetBit(at + 1)) {
            ranges = ranges.plus(start + at, start + at);
        }
        return ranges;
    }

    @Test
    void takeTwoBytesEachWhereTheyAreNear() {
        SeqnoRanges ranges = SeqnoRanges.NONE;
        for (int i = 0; i < 100; i++) {
            ranges = ranges.plus(1000 + 50 * i, 1010 + 50 * i);
        }
        assertThat(ranges.encode(1000)).hasSize(1 + 2 * 100);
        assertThat(ranges.size()).isEqualTo(100);
        assertThat(SeqnoRanges.of(3, 5).plus(9, 9)).hasToString("3-5,9");
    }

    @Test
    void refuseWhatIsNotWrittenSo() {
        assertThatThrownBy(() -> SeqnoRanges.of(2, 1)).isInstanceOf(TidalException.class);
        for (byte[] bytes : new byte[][] {
            {1, 11, 0}, // beyond the end
            {1, 0, 11},
            {1, 10, 1},
            {2, 0, 0, 0, 0}, // adjacent
            {(byte) 0x80, 0}, // padded
            {-1, -1, -1, -1, -1, -1, -1, -1, -1, 2}, // 65 bits
            {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1}
        }) {
            assertThatThrownBy(() -> SeqnoRanges.decode(ByteBuffer.wrap(bytes), 100, 110))
                    .as("%s", bytes)
                    .isInstanceOf(TidalException.class);
        }
    }
}
