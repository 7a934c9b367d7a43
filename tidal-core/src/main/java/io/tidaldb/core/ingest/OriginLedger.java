package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.ledger.SignalLedger;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How far a replica holds an origin's log, and what it has folded it into. Loop-confined but for the ledger and {@link #appliedSeqno},
 * which any thread may read.
 *
 * <p>Invariant: {@code foldedSeqno <= seenSeqno <= lastSeqno}; {@code seenSeqno} is how far batches came to the fold, equal to {@code
 * lastSeqno} between commits; {@code chain} is the log's chain after {@code lastSeqno}. The ledger holds exactly the records up to {@code
 * foldedSeqno = limit.end(seenSeqno)} without the void ones, but for those that were moved to the base: what lies beyond the limit is in the
 * log and folded nowhere.
 */
final class OriginLedger {

    final Origin origin;

    /** Another one, which is empty, once what it held was moved to the slot's base. */
    SignalLedger ledger;

    /** What this log takes back, of its own records or of others; null while it takes back nothing. */
    @Nullable
    SignalLedger voids;

    /** What this log takes back once the writes are here that stay instead, in the order of the log. */
    final Deque<ControlRecord.Voided> waiting = new ArrayDeque<>();

    FoldLimit limit = FoldLimit.OPEN;
    long lastSeqno;
    long seenSeqno;
    long foldedSeqno;

    /** How far readers know that it is folded. Read by any thread. */
    final AtomicLong appliedSeqno = new AtomicLong();

    long chain;

    /** Whether the ledger is one of those that readers sum over. */
    boolean isRead;

    /** Returns whether readers need not look at the ledger: nothing is in it, and nothing comes. */
    boolean isMerged() {
        return limit.isClosed() && ledger.distinctEntities() == 0;
    }

    OriginLedger(Origin origin, SignalLedger ledger, long lastSeqno, long chain) {
        this.origin = origin;
        this.ledger = ledger;
        this.lastSeqno = lastSeqno;
        this.seenSeqno = lastSeqno;
        this.foldedSeqno = lastSeqno;
        this.chain = chain;
    }
}
