package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import java.util.Arrays;
import java.util.Collection;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How far one log is held by the members of its active set: this node, which writes it, and its followers.
 *
 * <p>With n members, a majority is q = ⌊n/2⌋ + 1. Both levels include this node, whoever else is ahead: what is acknowledged must be
 * readable here. Loop-confined.
 *
 * <p>Invariant: {@code all() <= majority() <= own()}, unsigned. A change of members can lower the first two; what was acknowledged
 * stays so, and it is on the one who changes members to see that the new set holds it.
 */
public final class Quorum {

    private final long startSeqno;
    // By name: what is computed from it must not depend on a hash.
    private NavigableMap<NodeId, Long> acked = new TreeMap<>();
    private long own;
    private long majority;
    private long all;

    /**
     * Begins where nobody has acknowledged anything.
     *
     * @param startSeqno the position before the log's first record
     */
    public Quorum(long startSeqno, Collection<NodeId> followers) {
        this.startSeqno = startSeqno;
        this.own = startSeqno;
        members(followers);
    }

    /** Makes these the followers. Those who stay keep their position, newcomers begin at the start. */
    public void members(Collection<NodeId> followers) {
        NavigableMap<NodeId, Long> members = new TreeMap<>();
        followers.forEach(node -> members.put(node, acked.getOrDefault(node, startSeqno)));
        acked = members;
        count();
    }

    /** This node holds the log up to here, durably. A lower position than before is ignored. */
    public void own(long seqno) {
        if (Long.compareUnsigned(seqno, own) > 0) {
            own = seqno;
            count();
        }
    }

    /** A follower holds the log up to here, durably. A lower position than before is ignored, as is who is no member. */
    public void acked(NodeId node, long seqno) {
        @Nullable Long before = acked.get(node);
        if (before != null && Long.compareUnsigned(seqno, before) > 0) {
            acked.put(node, seqno);
            count();
        }
    }

    /** Returns how far this node holds the log. */
    public long own() {
        return own;
    }

    /** Returns how far this node and a majority of all members hold it. */
    public long majority() {
        return majority;
    }

    /** Returns how far all members hold it. */
    public long all() {
        return all;
    }

    /** Returns the number of members, this node included. */
    public int size() {
        return acked.size() + 1;
    }

    private void count() {
        // With the sign bit flipped, signed order is that of unsigned numbers.
        long ownHeld = own ^ Long.MIN_VALUE;
        long[] held = new long[size()];
        held[0] = ownHeld;
        int i = 1;
        for (long seqno : acked.values()) {
            held[i++] = seqno ^ Long.MIN_VALUE;
        }
        Arrays.sort(held);
        int q = size() / 2 + 1;
        majority = Math.min(held[held.length - q], ownHeld) ^ Long.MIN_VALUE;
        all = held[0] ^ Long.MIN_VALUE;
    }
}
