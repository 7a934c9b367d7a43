package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.Chain;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How far a slot's logs are to be truncated so that nothing is in a file that was erased from the slot. Loop-confined.
 *
 * <p>First each log is rolled over, so that what comes later is in other files. When a checkpoint holds everything up to there, and no other
 * replica needs it, the logs are cut.
 */
final class Wipe {

    /** Where the erasures stand that are done with it. */
    private final Map<Long, WalSegmentId> erasures;

    private final SortedMap<Origin, Long> positions;
    private final SortedMap<LogId, Cut> cuts = new TreeMap<>();
    private boolean checkpointed;

    private record Cut(long seqno, long chain) {}

    /** Begins: everything up to where the logs are now is to go. */
    Wipe(TenantShard shard, Collection<LogStatus> logs, WalStore store) {
        this.erasures = shard.erasures.positions();
        this.positions = shard.positions();
        for (LogStatus status : logs) {
            store.rollOver(status.log());
            cuts.put(status.log(), new Cut(status.lastSeqno(), chain(shard, status, store)));
        }
    }

    private static long chain(TenantShard shard, LogStatus status, WalStore store) {
        OriginLedger known = shard.origins.get(status.log().origin());
        if (known != null && known.lastSeqno == status.lastSeqno()) {
            return known.chain;
        }
        long at = status.baseChain();
        Chain chain = new Chain();
        try (WalCursor cursor = store.read(status.log(), status.firstSeqno())) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                at = chain.next(at, batch);
            }
        }
        return at;
    }

    /** Returns whether an erasure is done with it: nothing has come since that the erasure rules out as well. */
    boolean isOf(EntityErasures.Note erasure, TenantShard shard) {
        return erasure.position().equals(erasures.get(erasure.number()))
                && erasure.closed(positions).equals(erasure.closed(shard.positions()));
    }

    /** A checkpoint was published: takes notice if it holds all that is to go. */
    void published(SlotImage image) {
        checkpointed |= cuts.entrySet().stream()
                .allMatch(each -> Long.compareUnsigned(image.end(each.getKey().origin()), each.getValue().seqno) >= 0);
    }

    boolean isCheckpointed() {
        return checkpointed;
    }

    /** Cuts what a checkpoint holds and no other replica needs. */
    void cut(WalStore store, LogsNeeded needed) {
        if (checkpointed) {
            cuts.entrySet().removeIf(each -> {
                LogId log = each.getKey();
                Cut cut = each.getValue();
                LogStatus now = store.status(log);
                boolean free = now.isEmpty() || !needed.contains(log.origin(), cut.seqno);
                if (free && Long.compareUnsigned(now.firstSeqno(), cut.seqno + 1) <= 0) {
                    store.truncateBefore(log, cut.seqno + 1, cut.chain);
                }
                return free;
            });
        }
    }

    /** Returns whether all is cut: once the store has purged, nothing of it is in a file. */
    boolean isCut() {
        return cuts.isEmpty();
    }
}
