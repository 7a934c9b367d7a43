package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.Chain;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/** The logs of a slot, as a task of the loop finds them. Usable within that task only. */
public final class SlotLogs {

    private final TenantShard shard;
    private final WalStore store;
    private final SlotRecovery recovery;

    SlotLogs(TenantShard shard, WalStore store, SlotRecovery recovery) {
        this.shard = shard;
        this.store = store;
        this.recovery = recovery;
    }

    /**
     * How far the slot has an origin's log.
     *
     * @param firstSeqno the first readable one; {@code lastSeqno + 1} if there is none
     * @param chain the log's chain after {@code lastSeqno}
     */
    public record Held(Origin origin, long firstSeqno, long lastSeqno, long chain) {}

    /**
     * Returns what is held of each origin, in order; nothing is said of origins that were merged, nor of damaged logs of a slot that could
     * not be opened.
     */
    public List<Held> held() {
        return held(shard.brokenAtOpen);
    }

    /** As {@link #held}, of no damaged log. */
    public List<Held> readable() {
        return held(true);
    }

    private List<Held> held(boolean readableOnly) {
        List<Held> held = new ArrayList<>();
        for (LogStatus status : recovery.logs(shard)) {
            OriginLedger origin = shard.origins.get(status.log().origin());
            if (origin != null && !(readableOnly && status.damage() != null)) {
                held.add(new Held(origin.origin, status.firstSeqno(), origin.lastSeqno, origin.chain));
            }
        }
        return held;
    }

    /**
     * Returns what is held of each origin that was merged, in order: up to where it counts. Of those whose log is not here any more nothing
     * can be read.
     */
    public List<Held> heldOfMerged() {
        List<Held> held = new ArrayList<>();
        shard.compacted.forEach((origin, end) -> {
            LogStatus status = store.status(shard.log(origin));
            boolean whole = Long.compareUnsigned(status.lastSeqno(), end) >= 0;
            held.add(new Held(
                    origin,
                    whole ? status.firstSeqno() : end + 1,
                    end,
                    chainAt(origin, end).orElse(Chain.START)));
        });
        return held;
    }

    /** Returns how many writes count twice until they are taken back, by the origin whose they are. */
    public Map<Origin, Integer> doubled() {
        return shard.duplicates.counts();
    }

    /** Returns how far origins are in the base ledger that were merged. */
    public Map<Origin, Long> merged() {
        return new TreeMap<>(shard.compacted);
    }

    /** Returns how far each origin's log is held, or was when it was merged. */
    public Map<Origin, Long> ends() {
        Map<Origin, Long> ends = merged();
        held().forEach(each -> ends.put(each.origin(), each.lastSeqno()));
        return ends;
    }

    /** Returns the chain of an origin's log after a seqno; empty if no batch that can be read ends there, nor what comes before the first. */
    public OptionalLong chainAt(Origin origin, long seqno) {
        OriginLedger known = shard.origins.get(origin);
        if (known == null && !shard.compacted.containsKey(origin)) {
            return seqno == origin.startSeqno() ? OptionalLong.of(Chain.START) : OptionalLong.empty();
        }
        if (known != null && seqno == known.lastSeqno) {
            return OptionalLong.of(known.chain);
        }
        LogStatus status = store.status(shard.log(origin));
        if (seqno == status.firstSeqno() - 1) {
            return OptionalLong.of(status.baseChain());
        }
        if (Long.compareUnsigned(seqno, status.firstSeqno()) < 0
                || Long.compareUnsigned(seqno, status.lastSeqno()) > 0) {
            return OptionalLong.empty();
        }
        List<WalBatch> found = read(origin, seqno, 1);
        if (found.isEmpty() || found.get(0).lastSeqno() != seqno) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(found.get(0).version() > 1 ? found.get(0).chain() : computed(status, seqno));
    }

    // Batches of version 1 do not carry their chain.
    private long computed(LogStatus status, long seqno) {
        Chain hash = new Chain();
        long chain = status.baseChain();
        try (WalCursor cursor = store.read(status.log(), status.firstSeqno())) {
            WalBatch batch = cursor.next();
            while (batch != null && Long.compareUnsigned(batch.lastSeqno(), seqno) <= 0) {
                chain = hash.next(chain, batch);
                batch = cursor.next();
            }
        }
        return chain;
    }

    /** Returns the batches of an origin's log from the one that holds a seqno on: at least one if there is any, else up to so many bytes. */
    public List<WalBatch> read(Origin origin, long fromSeqno, int maxBytes) {
        List<WalBatch> batches = new ArrayList<>();
        int left = maxBytes;
        try (WalCursor cursor = store.read(shard.log(origin), fromSeqno)) {
            WalBatch batch = cursor.next();
            while (batch != null && (batches.isEmpty() || batch.length() <= left)) {
                batches.add(batch);
                left -= batch.length();
                batch = cursor.next();
            }
        }
        return batches;
    }
}
