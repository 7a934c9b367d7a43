package io.tidaldb.core.ingest;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.crdt.Hlc;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was written under each idempotency key, oldest first, forgotten after the horizon. Guarded by its own lock. */
final class KeyMemory {

    private final long horizonMillis;
    private final Map<IdempotencyKey, Result> results = new LinkedHashMap<>();

    KeyMemory(long horizonMillis) {
        this.horizonMillis = horizonMillis;
    }

    /**
     * The first write under a key.
     *
     * @param payloadHash over entities, types and weights: a retry that leaves the event time to admission has another time
     */
    record Result(Origin origin, long lastSeqno, long payloadHash, long hlc) {}

    /** Which of two writes under one key stays: the first. */
    static final Comparator<Result> BY_STAMP = Comparator.comparingLong(Result::hlc)
            .thenComparing(Result::origin)
            .thenComparing(Result::lastSeqno, Long::compareUnsigned);

    private static final Comparator<Map.Entry<IdempotencyKey, Result>> BY_STAMP_AND_KEY =
            Map.Entry.<IdempotencyKey, Result>comparingByValue(BY_STAMP)
                    .thenComparing(entry -> entry.getKey().high())
                    .thenComparing(entry -> entry.getKey().low());

    @Nullable
    synchronized Result get(IdempotencyKey key) {
        return results.get(key);
    }

    /**
     * Remembers a write. Of two under one key the one that came first by stamp and origin stays, in whatever order they are folded: unless
     * they are further apart than the horizon, and the first was forgotten when the key came again.
     */
    synchronized void put(IdempotencyKey key, Result result) {
        Result known = results.get(key);
        if (known != null && (stays(known, result) || known.equals(result))) {
            return;
        }
        // A key that comes again after the horizon moves to the end, where its stamp belongs.
        results.remove(key);
        results.put(key, result);
    }

    /** Returns another write that is remembered under a key and is no older one whose key was forgotten before; null if there is none. */
    @Nullable
    synchronized Result other(IdempotencyKey key, Result result) {
        Result known = results.get(key);
        return known == null || known.equals(result) || isApart(known, result) ? null : known;
    }

    private boolean stays(Result known, Result other) {
        boolean first = BY_STAMP.compare(known, other) < 0;
        return isApart(known, other) ? !first : first;
    }

    private boolean isApart(Result known, Result other) {
        return Math.abs(Hlc.millis(other.hlc) - Hlc.millis(known.hlc)) > horizonMillis;
    }

    /**
     * Forgets what is older than the horizon. One log's results are in order of their stamps, so the first that stays ends the search; one
     * that another log brought late stays a little longer.
     */
    synchronized void expire(long nowMillis) {
        Iterator<Result> oldest = results.values().iterator();
        while (oldest.hasNext() && Hlc.millis(oldest.next().hlc) + horizonMillis < nowMillis) {
            oldest.remove();
        }
    }

    long horizonMillis() {
        return horizonMillis;
    }

    /** Returns the lowest stamp of any write that is remembered; the highest number if there is none. */
    synchronized long oldestMillis() {
        return results.values().stream()
                .mapToLong(each -> Hlc.millis(each.hlc))
                .min()
                .orElse(Long.MAX_VALUE);
    }

    /** Returns what is remembered now, oldest first; a result is replaced, never changed, so the entries stay as they are. */
    synchronized List<Map.Entry<IdempotencyKey, Result>> entries() {
        return new ArrayList<>(results.entrySet());
    }

    /** Makes the results name the records as they are called in another slot. */
    synchronized void rename(RenamedOrigins names) {
        results.replaceAll((key, result) -> {
            WalSegmentId last = names.of(WalSegmentId.of(result.origin, result.lastSeqno));
            return new Result(last.origin(), last.seqno(), result.payloadHash, result.hlc);
        });
    }

    static void write(List<Map.Entry<IdempotencyKey, Result>> entries, DataOutput out) throws IOException {
        // One log's are in order already, and take one pass.
        List<Map.Entry<IdempotencyKey, Result>> sorted = new ArrayList<>(entries);
        sorted.sort(BY_STAMP_AND_KEY);
        out.writeInt(sorted.size());
        for (Map.Entry<IdempotencyKey, Result> entry : sorted) {
            out.writeLong(entry.getKey().high());
            out.writeLong(entry.getKey().low());
            Checkpoint.writeOrigin(out, entry.getValue().origin);
            out.writeLong(entry.getValue().lastSeqno);
            out.writeLong(entry.getValue().payloadHash);
            out.writeLong(entry.getValue().hlc);
        }
    }

    synchronized void readFrom(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            IdempotencyKey key = new IdempotencyKey(in.readLong(), in.readLong());
            results.put(key, new Result(Checkpoint.readOrigin(in), in.readLong(), in.readLong(), in.readLong()));
        }
    }
}
