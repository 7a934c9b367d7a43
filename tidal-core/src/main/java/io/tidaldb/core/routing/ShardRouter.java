package io.tidaldb.core.routing;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Entity to slot: by hash, or by explicit ranges of entity ids. A pure function; every entity has exactly one slot.
 *
 * <p>By hash, the slot is XXH3-64 (seed 0) of the id's 8 little-endian bytes, unsigned, modulo the number of slots: fixed for ever,
 * because stored data lies where it says.
 *
 * <p>Immutable. Routing allocates nothing.
 */
public abstract sealed class ShardRouter {

    private static final int MAX_SLOTS = 0xFFFF;

    private ShardRouter() {}

    /** Returns the router of everything that has one shard: always slot 0. */
    public static ShardRouter single() {
        return hashed(1);
    }

    /**
     * Returns a router by hash.
     *
     * @throws TidalException INVALID_ARGUMENT unless there are 1 to 65,535 slots
     */
    public static ShardRouter hashed(int slots) {
        return new Hashed(checkSlots(slots));
    }

    /**
     * Returns a router by ranges, in any order; several may lead to one slot. The number of slots is the highest slot + 1.
     *
     * @throws TidalException INVALID_RANGES, with the ranges named, if two overlap or an id lies in none
     */
    public static ShardRouter ranges(List<Range> ranges) {
        return new Ranged(ranges);
    }

    /** Returns the slot of an entity, 0 to {@link #slots} - 1. */
    public abstract int slot(long entity);

    /** Returns the number of slots. */
    public abstract int slots();

    /**
     * Entity ids, unsigned, that one slot has.
     *
     * @param first the lowest
     * @param last the highest, included
     */
    public record Range(long first, long last, int slot) {

        /** @throws TidalException INVALID_RANGES if the range is empty, INVALID_ARGUMENT if the slot is out of range */
        public Range {
            if (Long.compareUnsigned(first, last) > 0) {
                throw new TidalException(
                        ErrorCode.INVALID_RANGES,
                        "range " + print(first, last, slot) + " is empty: expected first <= last, unsigned");
            }
            if (slot < 0 || slot >= MAX_SLOTS) {
                throw TidalException.invalid("slot " + slot + " is out of range: expected 0 to " + (MAX_SLOTS - 1));
            }
        }

        /** Returns {@code [0, 99] -> slot 3}. */
        @Override
        public String toString() {
            return print(first, last, slot);
        }

        private static String print(long first, long last, int slot) {
            return "[" + Long.toUnsignedString(first) + ", " + Long.toUnsignedString(last) + "] -> slot " + slot;
        }
    }

    private static int checkSlots(int slots) {
        if (slots < 1 || slots > MAX_SLOTS) {
            throw TidalException.invalid("number of slots " + slots + " is out of range: expected 1 to " + MAX_SLOTS);
        }
        return slots;
    }

    private static final class Hashed extends ShardRouter {

        private static final Hasher64 HASH = Hashing.xxh3_64();

        private final int slots;

        Hashed(int slots) {
            this.slots = slots;
        }

        @Override
        public int slot(long entity) {
            return slots == 1 ? 0 : (int) Long.remainderUnsigned(HASH.hashLongToLong(entity), slots);
        }

        @Override
        public int slots() {
            return slots;
        }

        @Override
        public String toString() {
            return "hash over " + slots + " slots";
        }
    }

    private static final class Ranged extends ShardRouter {

        // Unsigned order is signed order with the top bit flipped.
        private final long[] flippedFirsts;
        private final int[] slotOfRange;
        private final int slots;

        Ranged(List<Range> unordered) {
            List<Range> ranges = new ArrayList<>(unordered);
            ranges.sort(Comparator.comparing(Range::first, Long::compareUnsigned)
                    .thenComparing(Range::last, Long::compareUnsigned));
            List<String> offences = offences(ranges);
            if (!offences.isEmpty()) {
                throw new TidalException(
                        ErrorCode.INVALID_RANGES,
                        "ranges do not cover 0 to 18446744073709551615 once each: " + String.join("; ", offences));
            }
            flippedFirsts = ranges.stream()
                    .mapToLong(range -> range.first() ^ Long.MIN_VALUE)
                    .toArray();
            slotOfRange = ranges.stream().mapToInt(Range::slot).toArray();
            slots = Arrays.stream(slotOfRange).max().orElse(0) + 1;
        }

        private static List<String> offences(List<Range> ranges) {
            List<String> offences = new ArrayList<>();
            if (ranges.isEmpty()) {
                offences.add("there is no range");
                return offences;
            }
            Range highest = ranges.get(0);
            if (highest.first() != 0) {
                offences.add("nothing covers the ids before " + highest);
            }
            for (Range next : ranges.subList(1, ranges.size())) {
                if (Long.compareUnsigned(next.first(), highest.last()) <= 0) {
                    offences.add(highest + " overlaps " + next);
                } else if (next.first() != highest.last() + 1) {
                    offences.add("nothing covers the ids between " + highest + " and " + next);
                }
                highest = Long.compareUnsigned(next.last(), highest.last()) > 0 ? next : highest;
            }
            if (highest.last() != -1) {
                offences.add("nothing covers the ids after " + highest);
            }
            return offences;
        }

        @Override
        public int slot(long entity) {
            int at = Arrays.binarySearch(flippedFirsts, entity ^ Long.MIN_VALUE);
            return slotOfRange[at >= 0 ? at : -at - 2];
        }

        @Override
        public int slots() {
            return slots;
        }

        @Override
        public String toString() {
            return slotOfRange.length + " ranges over " + slots + " slots";
        }
    }
}
