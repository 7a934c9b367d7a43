package io.tidaldb.core.ingest;

import org.jspecify.annotations.Nullable;

/**
 * Decides whose turn it is when more waits than one commit takes: deficit round-robin by bytes (Shreedhar and Varghese, "Efficient fair
 * queuing using deficit round robin", SIGCOMM 1995), where a tenant that had nothing waiting goes first for one quantum (RFC 8290,
 * §4.2). So a tenant that writes little waits for the commit that is under way, and no longer, however much the others write; among
 * those that always have something waiting, each gets the same bytes.
 *
 * <p>Before that, each tenant with a reserved rate is served up to its reserve.
 *
 * <p>Loop-confined. Allocates nothing.
 */
final class FairQueue {

    /** More than most writes, so that a round rarely serves nobody, and little enough that a round over all tenants is short. */
    private static final int QUANTUM = 16 << 10;

    private final Round fresh = new Round();
    private final Round rest = new Round();

    /** Where the search for reserves stands in this turn. */
    private @Nullable Flow entitled;

    /** Flows in line. */
    static final class Round {

        @Nullable
        Flow first;

        @Nullable
        Flow last;

        void add(Flow flow) {
            flow.round = this;
            flow.next = null;
            Flow before = last;
            if (before == null) {
                first = flow;
            } else {
                before.next = flow;
            }
            last = flow;
        }

        void removeFirst(Flow flow) {
            first = flow.next;
            if (first == null) {
                last = null;
            }
            flow.next = null;
            flow.round = null;
        }
    }

    void add(Flow flow, LoopItem item) {
        item.next = null;
        LoopItem before = flow.tail;
        if (before == null) {
            flow.head = item;
        } else {
            before.next = item;
        }
        flow.tail = item;
        if (flow.round == null) {
            flow.deficit = QUANTUM;
            fresh.add(flow);
        }
    }

    boolean isEmpty() {
        return fresh.first == null && rest.first == null;
    }

    /** Returns whether more than one tenant is in line. */
    boolean isShared() {
        Flow one = fresh.first != null ? fresh.first : rest.first;
        return one != null && (one.next != null || fresh.first != null && rest.first != null);
    }

    /** Returns the item whose turn it is, or null if none waits. */
    @Nullable
    LoopItem next() {
        while (true) {
            Round round = fresh.first != null ? fresh : rest;
            Flow flow = round.first;
            if (flow == null) {
                return null;
            }
            LoopItem item = flow.head;
            if (item == null) {
                round.removeFirst(flow);
                // A flow that ran dry before its quantum stays in line for a round: else one that writes again and
                // again
                // would go first again and again.
                if (round == fresh) {
                    rest.add(flow);
                }
            } else if (flow.deficit <= 0) {
                flow.deficit += QUANTUM;
                round.removeFirst(flow);
                rest.add(flow);
            } else {
                return take(flow, item);
            }
        }
    }

    /** Begins a turn, in which each reserve is served first. */
    void begin() {
        entitled = fresh.first != null ? fresh.first : rest.first;
    }

    /** Returns the next item in this turn that its tenant's reserve covers, or null if there is none any more. */
    @Nullable
    LoopItem nextReserved(long nowNanos) {
        while (entitled != null) {
            Flow flow = entitled;
            if (flow.head instanceof WriteRequest write && flow.tenant.rates().reserves(write.count, nowNanos)) {
                return take(flow, write);
            }
            entitled = flow.next == null && flow.round == fresh ? rest.first : flow.next;
        }
        return null;
    }

    private static LoopItem take(Flow flow, LoopItem item) {
        flow.head = item.next;
        if (flow.head == null) {
            flow.tail = null;
        }
        item.next = null;
        flow.deficit -= item.cost();
        return item;
    }
}
