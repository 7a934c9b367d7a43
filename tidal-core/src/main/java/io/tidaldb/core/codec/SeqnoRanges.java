package io.tidaldb.core.codec;

import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A set of seqnos as ranges: ascending, unsigned, neither overlapping nor adjacent, so that equal sets are equal here and have equal bytes.
 * Encoded as varints of 7 bits a byte, lowest first, the top bit set on all but the last byte:
 *
 * <pre>
 * varint count, then for each range: varint seqnos left out before it, varint seqnos in it − 1
 * </pre>
 *
 * What is left out is counted from a seqno that both sides know. Immutable.
 */
public final class SeqnoRanges {

    /** No seqno. */
    public static final SeqnoRanges NONE = new SeqnoRanges(new long[0], 0);

    private static final int MAX_VARINT_BYTES = 10;

    /** First and last of each range, in turn. */
    private final long[] bounds;

    private SeqnoRanges(long[] bounds, int length) {
        this.bounds = Arrays.copyOf(bounds, length);
    }

    /** Returns the seqnos from a first to a last one, both included. */
    public static SeqnoRanges of(long first, long last) {
        return NONE.plus(first, last);
    }

    /** Returns these seqnos and those from a first to a last one. */
    public SeqnoRanges plus(long first, long last) {
        if (Long.compareUnsigned(first, last) > 0) {
            throw TidalException.invalid(
                    "seqnos " + Seqno.print(first) + " to " + Seqno.print(last) + " are not a range");
        }
        long[] merged = new long[bounds.length + 2];
        int size = 0;
        int next = 0;
        while (next < bounds.length && endsBefore(bounds[next + 1], first)) {
            merged[size++] = bounds[next++];
            merged[size++] = bounds[next++];
        }
        long from = first;
        long to = last;
        while (next < bounds.length && !endsBefore(to, bounds[next])) {
            from = Long.compareUnsigned(bounds[next], from) < 0 ? bounds[next] : from;
            to = Long.compareUnsigned(bounds[next + 1], to) > 0 ? bounds[next + 1] : to;
            next += 2;
        }
        merged[size++] = from;
        merged[size++] = to;
        System.arraycopy(bounds, next, merged, size, bounds.length - next);
        return new SeqnoRanges(merged, size + bounds.length - next);
    }

    /** Whether at least one seqno lies between an end and a start. */
    private static boolean endsBefore(long end, long start) {
        return Long.compareUnsigned(end, start) < 0 && end + 1 != start;
    }

    /** Returns the seqnos that are in either. */
    public SeqnoRanges plus(SeqnoRanges other) {
        SeqnoRanges sum = this;
        for (int i = 0; i < other.bounds.length; i += 2) {
            sum = sum.plus(other.bounds[i], other.bounds[i + 1]);
        }
        return sum;
    }

    /** Returns those of these seqnos that are not in another set. */
    public SeqnoRanges minus(SeqnoRanges other) {
        long[] kept = new long[bounds.length + other.bounds.length];
        int size = 0;
        for (int range = 0; range < size(); range++) {
            long from = other.nextOut(first(range));
            while (Long.compareUnsigned(from, last(range)) <= 0) {
                long cut = other.nextIn(from);
                long to = Long.compareUnsigned(cut, last(range)) > 0 ? last(range) : cut - 1;
                kept[size++] = from;
                kept[size++] = to;
                from = other.nextOut(to + 1);
            }
        }
        return new SeqnoRanges(kept, size);
    }

    /** Returns those of these seqnos that lie from a first to a last one. */
    public SeqnoRanges within(long first, long last) {
        long[] kept = new long[bounds.length];
        int size = 0;
        for (int range = rangeFrom(first); range < size() && Long.compareUnsigned(first(range), last) <= 0; range++) {
            kept[size++] = Long.compareUnsigned(first(range), first) < 0 ? first : first(range);
            kept[size++] = Long.compareUnsigned(last(range), last) > 0 ? last : last(range);
        }
        return new SeqnoRanges(kept, size);
    }

    /** Returns how many of these seqnos lie from a first to a last one. */
    public int count(long first, long last) {
        SeqnoRanges within = within(first, last);
        long count = 0;
        for (int range = 0; range < within.size(); range++) {
            count += within.last(range) - within.first(range) + 1;
        }
        return Math.toIntExact(count);
    }

    /** Returns whether there is none. */
    public boolean isEmpty() {
        return bounds.length == 0;
    }

    /** Returns how many ranges there are. */
    public int size() {
        return bounds.length / 2;
    }

    /** Returns the first seqno of a range, by number. */
    public long first(int range) {
        return bounds[2 * range];
    }

    /** Returns the last seqno of a range, by number. */
    public long last(int range) {
        return bounds[2 * range + 1];
    }

    /** Returns whether a seqno is in it. */
    public boolean contains(long seqno) {
        int range = rangeFrom(seqno);
        return range < size() && Long.compareUnsigned(first(range), seqno) <= 0;
    }

    /** Returns whether all seqnos of another set are in it. */
    public boolean containsAll(SeqnoRanges other) {
        for (int range = 0; range < other.size(); range++) {
            int here = rangeFrom(other.first(range));
            boolean inside = here < size()
                    && Long.compareUnsigned(first(here), other.first(range)) <= 0
                    && Long.compareUnsigned(last(here), other.last(range)) >= 0;
            if (!inside) {
                return false;
            }
        }
        return true;
    }

    /** Returns the least seqno in it that is not before a seqno, or −1, which no log reaches. */
    public long nextIn(long seqno) {
        int range = rangeFrom(seqno);
        if (range == size()) {
            return -1;
        }
        return Long.compareUnsigned(first(range), seqno) > 0 ? first(range) : seqno;
    }

    /** Returns the least seqno not in it that is not before a seqno. */
    public long nextOut(long seqno) {
        return contains(seqno) ? last(rangeFrom(seqno)) + 1 : seqno;
    }

    /** Returns the number of the first range that does not end before a seqno. */
    private int rangeFrom(long seqno) {
        int low = 0;
        int high = size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(last(middle), seqno) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Returns the bytes, counted from a seqno that is not after the first. */
    public byte[] encode(long from) {
        ByteBuffer out = ByteBuffer.allocate(MAX_VARINT_BYTES * (1 + bounds.length));
        putVarint(out, size());
        long next = from;
        for (int range = 0; range < size(); range++) {
            putVarint(out, first(range) - next);
            putVarint(out, last(range) - first(range));
            next = last(range) + 1;
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void putVarint(ByteBuffer out, long value) {
        long left = value;
        while (left >>> 7 != 0) {
            out.put((byte) (left | 0x80));
            left >>>= 7;
        }
        out.put((byte) left);
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @param from what it was counted from
     * @param last the greatest seqno that may be in it
     * @throws TidalException INVALID_ARGUMENT if nothing is written so
     * @throws BufferUnderflowException if the bytes end early
     */
    public static SeqnoRanges decode(ByteBuffer in, long from, long last) {
        long[] bounds = new long[8];
        int size = 0;
        long next = from;
        for (long count = varint(in); count != 0; count--) {
            long left = last - next + 1;
            long gap = varint(in);
            long more = varint(in);
            boolean adjacent = gap == 0 && size > 0;
            if (adjacent || Long.compareUnsigned(gap, left) >= 0 || Long.compareUnsigned(more, left - gap) >= 0) {
                throw TidalException.invalid("seqno range " + size / 2 + " does not lie between " + Seqno.print(next)
                        + " and " + Seqno.print(last));
            }
            if (size == bounds.length) {
                bounds = Arrays.copyOf(bounds, 2 * size);
            }
            bounds[size++] = next + gap;
            bounds[size++] = next + gap + more;
            next += gap + more + 1;
        }
        return new SeqnoRanges(bounds, size);
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            long bits = in.get();
            value |= (bits & 0x7f) << shift;
            boolean padded = bits == 0 && shift > 0;
            boolean tooLong = bits > 1 && shift == Long.SIZE - 1;
            if (padded || tooLong) {
                break;
            }
            if (bits >= 0) {
                return value;
            }
        }
        throw TidalException.invalid("a number of a seqno range has no canonical form of at most 64 bits");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SeqnoRanges that && Arrays.equals(bounds, that.bounds);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bounds);
    }

    /** Returns {@code 3-5,2.9}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int range = 0; range < size(); range++) {
            text.append(range == 0 ? "" : ",").append(Seqno.print(first(range)));
            if (first(range) != last(range)) {
                text.append('-').append(Seqno.print(last(range)));
            }
        }
        return text.toString();
    }
}
