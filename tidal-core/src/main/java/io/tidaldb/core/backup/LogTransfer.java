package io.tidaldb.core.backup;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.HardNegativeRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.key.BatchSealer;
import io.tidaldb.core.key.KeyRing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Turns the logs of a slot into those of another tenant's: the same records in the same batches, under other origins. The order of origins
 * is kept, and with it the order of sums, so that the state folded from them has the same bits.
 *
 * <p>Confined to one thread.
 */
public final class LogTransfer {

    /** Stands for a record that means nothing there, so that those behind it keep their seqnos. */
    private static final ControlRecord.Merge NOTHING = new ControlRecord.Merge(List.of());

    private final TenantId tenant;
    private final RenamedOrigins origins;
    private final SortedMap<Origin, Long> counted;
    private final SortedMap<Origin, Long> chains = new TreeMap<>();
    private final Set<Long> erasures = new HashSet<>();
    private final KeyRing from;
    private final KeyRing to;
    private final BatchSealer sealer = new BatchSealer();

    /**
     * Creates one.
     *
     * @param tenant whose logs they become
     * @param origins the new origin of each
     * @param counted how far each of them is taken
     * @param begun where those begin that do not begin with their first batch
     * @param from the keys that they were sealed with
     * @param to the other tenant's keys
     */
    public LogTransfer(
            TenantId tenant,
            RenamedOrigins origins,
            SortedMap<Origin, Long> counted,
            List<BackedUpLog> begun,
            KeyRing from,
            KeyRing to) {
        this.tenant = tenant;
        this.origins = origins;
        this.counted = counted;
        begun.forEach(log -> chains.put(origins.of(log.origin()), log.chain()));
        this.from = from;
        this.to = to;
    }

    /**
     * Returns the next batch of an origin as the other tenant's.
     *
     * @param records how many of its records are kept, from the first; at least 1
     */
    public WalBatch next(WalBatch stored, int records) {
        WalBatch batch = from.open(stored);
        ByteBuffer content = switch (batch.kind()) {
            case SIGNALS -> signals(batch, records);
            default -> bodies(batch, records);
        };
        Origin origin = origins.of(batch.origin());
        int length = content.remaining();
        ByteBuffer buffer = ByteBuffer.allocate(WalBatch.HEADER_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(WalBatch.HEADER_BYTES, content, content.position(), length);
        WalBatch next = sealer.seal(
                to,
                buffer,
                batch.kind(),
                hasKeys(batch, records) ? WalBatch.FLAG_KEYS : 0,
                origins.seqno(batch.origin(), batch.firstSeqno()),
                records,
                tenant,
                origin,
                batch.hlc(),
                chains.getOrDefault(origin, Chain.START));
        chains.put(origin, next.chain());
        return next;
    }

    /** Returns the numbers of the erasures of which there is a record in what was turned so far. */
    public Set<Long> erasures() {
        return Collections.unmodifiableSet(erasures);
    }

    private static List<KeyBlock.Entry> keys(WalBatch batch, int records) {
        return KeyBlock.read(batch).stream()
                .filter(entry -> entry.firstRecord() + entry.count() <= records)
                .toList();
    }

    private static boolean hasKeys(WalBatch batch, int records) {
        return !keys(batch, records).isEmpty();
    }

    private static ByteBuffer signals(WalBatch batch, int records) {
        int recordsAt = KeyBlock.bytes(KeyBlock.read(batch).size());
        if (batch.content().limit() - recordsAt != batch.count() * SignalRecords.BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "the batch at seqno " + Seqno.print(batch.firstSeqno()) + " of " + batch.origin() + " announces "
                            + batch.count() + " signals and has another number of bytes");
        }
        if (records == batch.count()) {
            return batch.content();
        }
        List<KeyBlock.Entry> keys = keys(batch, records);
        int keyBytes = KeyBlock.bytes(keys.size());
        int bytes = records * SignalRecords.BYTES;
        ByteBuffer payload = ByteBuffer.allocate(keyBytes + bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (keyBytes > 0) {
            KeyBlock.put(payload, 0, keys);
        }
        return payload.put(keyBytes, batch.content(), recordsAt, bytes);
    }

    private ByteBuffer bodies(WalBatch batch, int records) {
        List<byte[]> bodies = new ArrayList<>();
        for (ByteBuffer body : BodyRecords.decode(batch).subList(0, records)) {
            switch (batch.kind()) {
                case CONTROL -> bodies.add(transfer(ControlRecord.decode(body)).encode());
                case HARD_NEGATIVES ->
                    bodies.add(transfer((HardNegativeRecord) UserRecord.decode(batch.kind(), body))
                            .encode());
                default -> {
                    byte[] bytes = new byte[body.remaining()];
                    body.get(bytes);
                    bodies.add(bytes);
                }
            }
        }
        List<KeyBlock.Entry> keys = keys(batch, records);
        ByteBuffer encoded = BodyRecords.encode(bodies);
        if (keys.isEmpty()) {
            return encoded;
        }
        int keyBytes = KeyBlock.bytes(keys.size());
        ByteBuffer payload = ByteBuffer.allocate(keyBytes + encoded.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        KeyBlock.put(payload, 0, keys);
        return payload.put(keyBytes, encoded, 0, encoded.remaining());
    }

    /** Makes a withdrawal name the records as they are called now. */
    private HardNegativeRecord transfer(HardNegativeRecord record) {
        List<WalSegmentId> withdrawn = record.withdrawn();
        return new HardNegativeRecord(
                record.what(),
                record.user(),
                record.item(),
                withdrawn == null ? null : withdrawn.stream().map(origins::of).toList());
    }

    private ControlRecord transfer(ControlRecord record) {
        if (record instanceof ControlRecord.Compaction compaction) {
            // Others may hold the tenant now, and get these logs in any order.
            return merge(compaction.ends());
        } else if (record instanceof ControlRecord.Merge merge) {
            return merge(merge.ends());
        } else if (record instanceof ControlRecord.Erase erase) {
            erasures.add(erase.number());
            // Under a number that no erasure here will ever have.
            return new ControlRecord.Erase(
                    Long.MIN_VALUE | (erase.number() * 31 + erase.entity()),
                    erase.entity(),
                    OriginSet.of(origins.of(erase.origins())),
                    erase.sessions());
        } else if (record instanceof ControlRecord.Voided voided) {
            return isReached(new ControlRecord.End(voided.origin(), voided.lastSeqno())) && isReached(voided.stays())
                    ? origins.of(record)
                    : NOTHING;
        } else if (record instanceof ControlRecord.DigestMark mark) {
            // Nobody waits for it any more.
            return new ControlRecord.DigestMark(mark.mark(), ControlRecord.DigestMark.NO_BUCKET, null);
        }
        return origins.of(record);
    }

    // Of what is restored only in part nobody will ever have all.
    private ControlRecord.Merge merge(List<ControlRecord.End> ends) {
        return ends.stream().allMatch(this::isReached) ? new ControlRecord.Merge(origins.ends(ends)) : NOTHING;
    }

    private boolean isReached(ControlRecord.End end) {
        Long last = counted.get(end.origin());
        return last != null && Long.compareUnsigned(last, end.lastSeqno()) >= 0;
    }
}
