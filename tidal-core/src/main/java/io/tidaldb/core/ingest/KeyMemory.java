package io.tidaldb.core.ingest;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.core.crdt.Hlc;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
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

    @Nullable
    synchronized Result get(IdempotencyKey key) {
        return results.get(key);
    }

    synchronized void put(IdempotencyKey key, Result result) {
        // A key that comes again after the horizon moves to the end, where its stamp belongs.
        results.remove(key);
        results.put(key, result);
    }

    /** Forgets what is older than the horizon. Results are in order of their stamps, so the first that stays ends the search. */
    synchronized void expire(long nowMillis) {
        Iterator<Result> oldest = results.values().iterator();
        while (oldest.hasNext() && Hlc.millis(oldest.next().hlc) + horizonMillis < nowMillis) {
            oldest.remove();
        }
    }

    /** Returns what is remembered now, oldest first; a result is replaced, never changed, so the entries stay as they are. */
    synchronized List<Map.Entry<IdempotencyKey, Result>> entries() {
        return new ArrayList<>(results.entrySet());
    }

    static void write(List<Map.Entry<IdempotencyKey, Result>> entries, DataOutput out) throws IOException {
        out.writeInt(entries.size());
        for (Map.Entry<IdempotencyKey, Result> entry : entries) {
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
