package io.tidaldb.core.codec;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A set of origins, as ranges of incarnations of each replica. A replica that leads many slots gets incarnations by the thousand, of which a slot
 * has seen few; what is said of all of them takes a few bytes, not some for each. Equal sets are equal here and have equal bytes,
 * little-endian:
 *
 * <pre>
 * u16 count, then for each replica, ascending: u16 region, u16 shard, its incarnations as {@link SeqnoRanges} from 0
 * </pre>
 *
 * Immutable.
 */
public final class OriginSet {

    /** No origin. */
    public static final OriginSet NONE = new OriginSet(new TreeMap<>());

    private static final int MAX_REPLICAS = 0xFFFF;

    /** Without empty ones. */
    private final SortedMap<ReplicaId, SeqnoRanges> incarnations;

    private OriginSet(SortedMap<ReplicaId, SeqnoRanges> incarnations) {
        this.incarnations = incarnations;
    }

    /** Returns these origins. */
    public static OriginSet of(Iterable<Origin> origins) {
        SortedMap<ReplicaId, SeqnoRanges> sum = new TreeMap<>();
        for (Origin each : origins) {
            add(sum, each.replica(), SeqnoRanges.of(each.incarnation(), each.incarnation()));
        }
        return new OriginSet(sum);
    }

    private static void add(SortedMap<ReplicaId, SeqnoRanges> sum, ReplicaId replica, SeqnoRanges more) {
        sum.merge(replica, more, SeqnoRanges::plus);
    }

    /**
     * Returns these and a replica's origins from a first to a last incarnation, both included.
     *
     * @throws TidalException INVALID_ARGUMENT if they are out of range or no range
     */
    public OriginSet plus(ReplicaId replica, int first, int last) {
        if (first < 0 || last < first || last > Seqno.MAX_INCARNATION) {
            throw TidalException.invalid("incarnations " + first + " to " + last + " of " + replica
                    + " are not a range within 0 to " + Seqno.MAX_INCARNATION);
        }
        SortedMap<ReplicaId, SeqnoRanges> sum = new TreeMap<>(incarnations);
        add(sum, replica, SeqnoRanges.of(first, last));
        return new OriginSet(sum);
    }

    /** Returns the origins that are in either. */
    public OriginSet plus(OriginSet other) {
        if (isEmpty()) {
            return other;
        }
        SortedMap<ReplicaId, SeqnoRanges> sum = new TreeMap<>(incarnations);
        other.incarnations.forEach((replica, more) -> add(sum, replica, more));
        return new OriginSet(sum);
    }

    /** Returns those of these that are not in another one. */
    public OriginSet minus(OriginSet other) {
        SortedMap<ReplicaId, SeqnoRanges> left = new TreeMap<>();
        incarnations.forEach((replica, these) -> {
            SeqnoRanges rest = these.minus(other.incarnations.getOrDefault(replica, SeqnoRanges.NONE));
            if (!rest.isEmpty()) {
                left.put(replica, rest);
            }
        });
        return new OriginSet(left);
    }

    /** Returns whether an origin is in it. */
    public boolean contains(Origin origin) {
        SeqnoRanges of = isEmpty() ? null : incarnations.get(origin.replica());
        return of != null && of.contains(origin.incarnation());
    }

    /** Returns whether all origins of another set are in it. */
    public boolean containsAll(OriginSet other) {
        for (Map.Entry<ReplicaId, SeqnoRanges> each : other.incarnations.entrySet()) {
            SeqnoRanges here = incarnations.get(each.getKey());
            if (here == null || !here.containsAll(each.getValue())) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether there is none. */
    public boolean isEmpty() {
        return incarnations.isEmpty();
    }

    /**
     * Returns the bytes.
     *
     * @throws TidalException INVALID_ARGUMENT if there are more than 65,535 replicas
     */
    public byte[] encode() {
        if (incarnations.size() > MAX_REPLICAS) {
            throw TidalException.invalid(
                    incarnations.size() + " replicas are more than a set of origins holds, " + MAX_REPLICAS);
        }
        int bytes = Short.BYTES;
        SortedMap<ReplicaId, byte[]> ranges = new TreeMap<>();
        for (Map.Entry<ReplicaId, SeqnoRanges> each : incarnations.entrySet()) {
            byte[] encoded = each.getValue().encode(0);
            ranges.put(each.getKey(), encoded);
            bytes += 2 * Short.BYTES + encoded.length;
        }
        ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        out.putShort((short) ranges.size());
        ranges.forEach(
                (replica, encoded) -> out.putShort((short) replica.region().value())
                        .putShort((short) replica.shard().value())
                        .put(encoded));
        return out.array();
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @param in little-endian; what follows is left
     * @throws TidalException INVALID_ARGUMENT if nothing is written so
     * @throws BufferUnderflowException if the bytes end early
     */
    public static OriginSet decode(ByteBuffer in) {
        SortedMap<ReplicaId, SeqnoRanges> read = new TreeMap<>();
        for (int left = Short.toUnsignedInt(in.getShort()); left > 0; left--) {
            ReplicaId replica = new ReplicaId(
                    RegionId.of(Short.toUnsignedInt(in.getShort())), ShardId.of(Short.toUnsignedInt(in.getShort())));
            SeqnoRanges ranges = SeqnoRanges.decode(in, 0, Seqno.MAX_INCARNATION);
            boolean ascends = read.isEmpty() || read.lastKey().compareTo(replica) < 0;
            if (!ascends || ranges.isEmpty()) {
                throw TidalException.invalid(
                        "replica " + replica + " is out of order or without incarnations in a set of origins");
            }
            read.put(replica, ranges);
        }
        return new OriginSet(read);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OriginSet that && incarnations.equals(that.incarnations);
    }

    @Override
    public int hashCode() {
        return Objects.hash(incarnations);
    }

    /** Returns {@code r1:s3@0-7,9 r2:s0@4}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        incarnations.forEach((replica, ranges) -> text.append(text.isEmpty() ? "" : " ")
                .append(replica)
                .append('@')
                .append(ranges));
        return text.toString();
    }
}
