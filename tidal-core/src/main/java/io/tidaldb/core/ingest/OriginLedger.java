package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.core.ledger.SignalLedger;

/**
 * How far a replica holds an origin's log, and what it has folded it into. Loop-confined but for the ledger, which any thread may read.
 *
 * <p>Invariant: {@code foldedSeqno <= lastSeqno}, equal between commits; {@code chain} is the log's chain after {@code lastSeqno}; the
 * ledger holds exactly the records up to {@code foldedSeqno}.
 */
final class OriginLedger {

    final Origin origin;
    final SignalLedger ledger;
    long lastSeqno;
    long foldedSeqno;
    long chain;

    OriginLedger(Origin origin, SignalLedger ledger, long lastSeqno, long chain) {
        this.origin = origin;
        this.ledger = ledger;
        this.lastSeqno = lastSeqno;
        this.foldedSeqno = lastSeqno;
        this.chain = chain;
    }
}
