package io.tidaldb.core.ingest;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.Chain;
import org.jspecify.annotations.Nullable;

/**
 * Reads again what slots' logs hold, stretch by stretch, and compares every checksum and every chain: so that damage is found while another
 * replica still has what was there. Loop-confined, but for the records.
 */
public final class Scrub {

    private final WalStore store;
    private final SlotRecovery recovery;
    private final Chain hash = new Chain();

    Scrub(WalStore store, SlotRecovery recovery) {
        this.store = store;
        this.recovery = recovery;
    }

    /**
     * Where the reading of a slot goes on.
     *
     * @param chain of the log before {@code seqno}
     */
    public record Place(LogId log, long seqno, long chain) {}

    /**
     * What was read.
     *
     * @param next null after the slot's last log
     * @param damage what was found, null if nothing was; the slot is quarantined then
     */
    public record Stretch(
            @Nullable Place next, long bytes, @Nullable TidalException damage) {}

    /** Reads so many bytes of a slot, and a batch more at most. */
    Stretch read(TenantShard shard, @Nullable Place from, int maxBytes) {
        long bytes = 0;
        if (shard.refusal() != null || shard.isErased()) {
            return new Stretch(null, bytes, null);
        }
        try {
            for (LogStatus status : recovery.logs(shard)) {
                TidalException known = status.damage();
                if (known != null) {
                    throw known;
                }
                if (from != null && status.log().compareTo(from.log) < 0 || status.isEmpty()) {
                    continue;
                }
                Place at = start(status, from);
                try (WalCursor cursor = store.read(at.log, at.seqno)) {
                    for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                        at = after(shard, at, batch);
                        bytes += batch.length();
                        if (bytes >= maxBytes) {
                            return new Stretch(at, bytes, null);
                        }
                    }
                }
            }
        } catch (TidalException e) {
            if (e.code() != ErrorCode.CORRUPT_LOG && e.code() != ErrorCode.CORRUPT_DATA) {
                throw e;
            }
            shard.damagedOnDisk(e);
            return new Stretch(null, bytes, e);
        }
        return new Stretch(null, bytes, null);
    }

    // Its beginning may have been truncated meanwhile.
    private static Place start(LogStatus status, @Nullable Place from) {
        return from != null
                        && status.log().equals(from.log)
                        && Long.compareUnsigned(from.seqno, status.firstSeqno()) >= 0
                ? from
                : new Place(status.log(), status.firstSeqno(), status.baseChain());
    }

    private Place after(TenantShard shard, Place at, WalBatch batch) {
        long chain = hash.next(at.chain, batch);
        OriginLedger known = shard.origins.get(batch.origin());
        long expected = batch.version() > 1 ? batch.chain() : chain;
        if (known != null && known.lastSeqno == batch.lastSeqno()) {
            expected = known.chain;
        }
        if (batch.firstSeqno() != at.seqno || chain != expected) {
            throw new CorruptLogException(
                    at.log.toString(),
                    "batch at seqno " + Seqno.print(batch.firstSeqno()),
                    0,
                    "seqno " + Seqno.print(at.seqno) + " and chain 0x" + Long.toHexString(expected),
                    "chain 0x" + Long.toHexString(chain));
        }
        return new Place(at.log, batch.lastSeqno() + 1, chain);
    }
}
