package io.tidaldb.core.replication;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who waits until a log is held by a majority, or by all, up to a seqno. Released in the order of seqnos, and of arrival at one seqno.
 *
 * <p>Usually waits come in the order of the log; a retry waits for what was written before. Loop-confined; how many may wait is the
 * caller's business.
 */
public final class PendingAcks<T> {

    private final PriorityQueue<Wait<T>> majority = new PriorityQueue<>(Wait.ORDER);
    private final PriorityQueue<Wait<T>> all = new PriorityQueue<>(Wait.ORDER);
    private long arrivals;

    private record Wait<T>(long seqno, long arrival, T who) {

        static final Comparator<Wait<?>> ORDER = (a, b) -> {
            int order = Long.compareUnsigned(a.seqno, b.seqno);
            return order != 0 ? order : Long.compare(a.arrival, b.arrival);
        };
    }

    /**
     * Waits until the level holds this seqno.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the level waits for nobody else
     */
    public void add(Durability level, long seqno, T who) {
        Wait<T> wait = new Wait<>(seqno, arrivals++, who);
        switch (level) {
            case MAJORITY -> majority.add(wait);
            case ALL -> all.add(wait);
            default -> throw TidalException.invalid(level + " waits for no follower: expected MAJORITY or ALL");
        }
    }

    /** Hands over all whose seqno is held now. The consumer may add others. */
    public void release(Quorum quorum, Consumer<? super T> released) {
        while (true) {
            Wait<T> ofMajority = ready(majority, quorum.majority());
            Wait<T> ofAll = ready(all, quorum.all());
            if (ofMajority == null && ofAll == null) {
                return;
            }
            boolean isMajority = ofAll == null || ofMajority != null && Wait.ORDER.compare(ofMajority, ofAll) < 0;
            released.accept((isMajority ? majority : all).remove().who);
        }
    }

    private static <T> @Nullable Wait<T> ready(PriorityQueue<Wait<T>> waits, long heldSeqno) {
        @Nullable Wait<T> first = waits.peek();
        return first != null && Long.compareUnsigned(first.seqno, heldSeqno) <= 0 ? first : null;
    }

    /** Hands over all that wait, held or not: this node does not lead any more. Those that are added meanwhile stay. */
    public void drain(Consumer<? super T> drained) {
        PriorityQueue<Wait<T>> waits = new PriorityQueue<>(Wait.ORDER);
        waits.addAll(majority);
        waits.addAll(all);
        majority.clear();
        all.clear();
        while (!waits.isEmpty()) {
            drained.accept(waits.remove().who);
        }
    }

    /** Forgets those that wait no longer. */
    public void removeIf(Predicate<? super T> gone) {
        majority.removeIf(wait -> gone.test(wait.who));
        all.removeIf(wait -> gone.test(wait.who));
    }

    /** Returns how many wait. */
    public int size() {
        return majority.size() + all.size();
    }
}
