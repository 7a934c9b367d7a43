package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.HashStream64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.crdt.LwwRegister;
import io.tidaldb.core.ledger.SignalLedger;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SortedSet;

/**
 * Folds batches into a tenant's state: the one place where a log becomes state, in a commit as in a recovery, so that both come to the
 * same bits. Depends on nothing but the batches and their order in their own logs; which of them count is {@link FoldNotes}'s business.
 *
 * <p>Loop-confined.
 */
final class Folder {

    private final Schema schema;
    private final HashStream64 hash = Hashing.xxh3_64().hashStream();

    private CommitListener listener = CommitListener.NONE;

    Folder(Schema schema) {
        this.schema = schema;
    }

    /** Tells this one of digest marks. */
    void listener(CommitListener told) {
        listener = told;
    }

    /**
     * Folds the next batch of an origin, which is in its log by now; or leaves it alone, if it does not count. If a takeover or an adoption
     * in it changes what counts of other logs, these are folded further, or the slot is rebuilt: its ledgers are others then.
     *
     * @throws TidalException CORRUPT_DATA or FORMAT_TOO_NEW if the content can't be folded
     */
    void fold(TenantShard shard, OriginLedger origin, WalBatch batch) {
        if (batch.kind() == RecordKind.CONTROL && shard.notes.add(origin.origin, batch)) {
            settle(shard);
        }
        origin.limit = shard.notes.limit(origin.origin);
        if (!shard.isStale() && origin.limit.reaches(batch)) {
            foldCounted(shard, origin, batch);
        } else {
            shard.users.see(batch, shard.erasures);
        }
        origin.seenSeqno = batch.lastSeqno();
        shard.lastHlc = Math.max(shard.lastHlc, batch.hlc());
        shard.rebuildIfNeeded();
    }

    /** Brings every ledger to its limit after these have changed. */
    private void settle(TenantShard shard) {
        for (OriginLedger each : List.copyOf(shard.origins.values())) {
            FoldLimit before = each.limit;
            each.limit = shard.notes.limit(each.origin);
            if (!each.limit.keeps(before, each.foldedSeqno)) {
                shard.rebuild(each.origin);
            }
        }
        shard.compacted.forEach((origin, end) -> {
            FoldLimit limit = shard.notes.limit(origin);
            if (limit.isClosed() && limit.adoptedTo() != end) {
                shard.rebuild(origin);
            }
        });
        catchUp(shard);
        if (!shard.replaying) {
            shard.reorder();
        }
    }

    /** Folds all that was seen before it counted. */
    void catchUp(TenantShard shard) {
        for (OriginLedger each : List.copyOf(shard.origins.values())) {
            if (!shard.isStale()) {
                catchUp(shard, each);
            }
        }
    }

    /** Folds what was seen before it counted. */
    void catchUp(TenantShard shard, OriginLedger origin) {
        long end = origin.limit.end(origin.seenSeqno);
        if (Long.compareUnsigned(origin.foldedSeqno, end) >= 0) {
            return;
        }
        long begin = origin.foldedSeqno + 1;
        try (WalCursor cursor = shard.logs().read(shard, origin.origin, begin)) {
            WalBatch batch = cursor.next();
            if (batch == null || Long.compareUnsigned(batch.firstSeqno(), begin) > 0) {
                // This replica began with another one's snapshot, in which this did not count.
                shard.needSnapshot();
                return;
            }
            for (; origin.foldedSeqno != end; batch = cursor.next()) {
                if (batch == null
                        || batch.firstSeqno() != origin.foldedSeqno + 1
                        || Long.compareUnsigned(batch.lastSeqno(), end) > 0) {
                    throw new TidalException(
                            ErrorCode.CORRUPT_DATA,
                            "the log of " + origin.origin + " of tenant " + shard.tenantId()
                                    + " has no batches from seqno " + Seqno.print(origin.foldedSeqno + 1) + " to "
                                    + Seqno.print(end) + ", which count from now on");
                }
                foldCounted(shard, origin, batch);
            }
        } catch (TidalException e) {
            shard.damagedOnDisk(e);
        }
    }

    private void foldCounted(TenantShard shard, OriginLedger origin, WalBatch batch) {
        int voids = 0;
        switch (batch.kind()) {
            case SIGNALS -> {
                voids = origin.limit.voids().count(batch.firstSeqno(), batch.lastSeqno());
                signals(shard, origin, batch);
            }
            case ENTITIES ->
                BodyRecords.decode(batch).stream()
                        .map(EntityName::decode)
                        .filter(name -> !shard.erasures.isErased(origin.origin, name.entity()))
                        .forEach(name -> shard.names.put(name.entity(), name.name()));
            case CONTROL -> control(shard, origin, batch);
            case SESSIONS, HARD_NEGATIVES -> userRecords(shard, origin, batch);
        }
        shard.metering.add(batch, voids);
        origin.foldedSeqno = batch.lastSeqno();
        if (!shard.merges.isEmpty()) {
            merge(shard);
        }
        if (shard.writesEverywhere()) {
            takeBack(shard);
        }
    }

    private void signals(TenantShard shard, OriginLedger origin, WalBatch batch) {
        ByteBuffer payload = batch.content();
        List<KeyBlock.Entry> keys = KeyBlock.read(batch);
        int start = KeyBlock.bytes(keys.size());
        if (payload.limit() - start != batch.count() * SignalRecords.BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "the batch at seqno " + batch.firstSeqno() + " announces " + batch.count() + " signals in "
                            + (payload.limit() - start) + " bytes");
        }
        SeqnoRanges voids = shard.erasures.voids(batch, origin.limit.voids(), start);
        long end = batch.lastSeqno() + 1;
        for (long seqno = voids.nextOut(batch.firstSeqno()); Long.compareUnsigned(seqno, end) < 0; ) {
            long next = voids.nextIn(seqno);
            long runEnd = Long.compareUnsigned(next, end) < 0 ? next : end;
            int from = start + (int) (seqno - batch.firstSeqno()) * SignalRecords.BYTES;
            int count = (int) (runEnd - seqno);
            shard.countNewEntities(payload, from, count);
            origin.ledger.applyAll(payload, from, count);
            if (!origin.isRead && !shard.replaying) {
                shard.rebase();
            }
            shard.users.inLedger(payload, from, count);
            seqno = voids.nextOut(runEnd);
        }
        for (KeyBlock.Entry entry : keys) {
            int from = start + entry.firstRecord() * SignalRecords.BYTES;
            long first = batch.firstSeqno() + entry.firstRecord();
            long last = first + entry.count() - 1;
            // A retry of what is erased has no effect either.
            if (Long.compareUnsigned(origin.limit.voids().nextOut(first), last) > 0) {
                continue;
            }
            KeyMemory.Result result =
                    new KeyMemory.Result(origin.origin, last, payloadHash(payload, from, entry.count()), batch.hlc());
            KeyMemory.Result other = shard.writesEverywhere() ? shard.keys.other(entry.key(), result) : null;
            if (other != null) {
                shard.duplicates.met(other, result);
            }
            shard.keys.put(entry.key(), result);
        }
    }

    private void userRecords(TenantShard shard, OriginLedger origin, WalBatch batch) {
        SeqnoRanges voids = shard.erasures.voids(batch, origin.limit.voids(), 0);
        shard.users.fold(batch, voids, shard::foldedTo, shard::inLedger);
        List<KeyBlock.Entry> keys = KeyBlock.read(batch);
        List<ByteBuffer> bodies = keys.isEmpty() ? List.of() : BodyRecords.decode(batch);
        for (KeyBlock.Entry entry : keys) {
            long seqno = batch.firstSeqno() + entry.firstRecord();
            if (!voids.contains(seqno)) {
                UserRecord record = UserRecord.decode(batch.kind(), bodies.get(entry.firstRecord()));
                shard.userKeys.put(
                        entry.key(), new KeyMemory.Result(origin.origin, seqno, record.identity(), batch.hlc()));
            }
        }
    }

    private void control(TenantShard shard, OriginLedger writer, WalBatch batch) {
        long seqno = batch.firstSeqno();
        for (ByteBuffer body : BodyRecords.decode(batch)) {
            ControlRecord record = ControlRecord.decode(body);
            if (record instanceof ControlRecord.Label label) {
                shard.labelled(new LwwRegister<>(label.label(), batch.hlc(), writer.origin, seqno));
            } else if (record instanceof ControlRecord.Erase erase) {
                shard.erase(writer.origin, seqno, erase);
            } else if (record instanceof ControlRecord.Voided voided) {
                if (shard.duplicates.voided(voided)) {
                    writer.waiting.add(voided);
                }
            } else if (record instanceof ControlRecord.Merge merge) {
                shard.merges.add(writer.origin, merge);
            } else {
                control(shard, writer.origin, record);
            }
            seqno++;
        }
    }

    /** Takes back what waited for the write that stays, in the order of each log: sums depend on it. */
    private void takeBack(TenantShard shard) {
        for (OriginLedger writer : List.copyOf(shard.origins.values())) {
            for (ControlRecord.Voided next = writer.waiting.peek();
                    next != null && shard.hasFolded(next.stays());
                    next = writer.waiting.peek()) {
                writer.waiting.remove();
                takeBack(shard, writer, next);
            }
        }
    }

    private void takeBack(TenantShard shard, OriginLedger writer, ControlRecord.Voided voided) {
        SignalLedger voids = writer.voids;
        if (voids == null) {
            voids = new SignalLedger(schema);
            writer.voids = voids;
            shard.rebase();
        }
        SortedSet<Long> entities = shard.knownEntities(voided.records());
        voids.applyAll(voided.records(), 0, voided.count());
        shard.forgotten(entities);
        shard.metering.subtract(voided.hlc(), voided.count());
    }

    private void control(TenantShard shard, Origin writer, ControlRecord record) {
        if (record instanceof ControlRecord.Schema entry) {
            SchemaEntry declared = schema.entry(entry.index());
            if (declared == null
                    || !declared.name().equals(entry.name())
                    || declared.halfLifeNanos() != entry.halfLifeNanos()) {
                throw new TidalException(
                        ErrorCode.SIGNAL_CONFLICT,
                        "the log of tenant " + shard.tenantId() + " was written with " + entry + ", but declared is "
                                + declared + ": restore the control log that belongs to it");
            }
            if (!shard.writesEverywhere() || writer.equals(shard.origin)) {
                // What others repeat may come later than what is written here.
                shard.schemaLogged.set(entry.index());
            }
        } else if (record instanceof ControlRecord.Compaction compaction) {
            compact(shard, compaction.ends());
        }
        // Takeovers and adoptions are taken notice of as they come, and a digest mark changes nothing.
        if (record instanceof ControlRecord.DigestMark mark && !shard.replaying && listener.marked(shard, mark)) {
            shard.hold(true);
        }
    }

    /** Moves to the base what is to be moved and is folded. */
    private void merge(TenantShard shard) {
        for (ControlRecord.Merge next = shard.merges.next(end -> isFolded(shard, end));
                next != null;
                next = shard.merges.next(end -> isFolded(shard, end))) {
            if (next.ends().isEmpty()) {
                continue;
            }
            SignalLedger sum = base(shard);
            for (ControlRecord.End end : next.ends()) {
                OriginLedger closed = shard.ledger(end.origin());
                sum.merge(closed.ledger);
                closed.ledger = new SignalLedger(schema);
            }
            shard.base = sum;
            shard.rebase();
        }
    }

    /** Returns a copy to add to: whoever reads meanwhile goes on to see the ledgers as they were. */
    private SignalLedger base(TenantShard shard) {
        SignalLedger copy = new SignalLedger(schema);
        if (shard.base != null) {
            copy.merge(shard.base);
        }
        return copy;
    }

    private static boolean isFolded(TenantShard shard, ControlRecord.End end) {
        long folded = shard.foldedTo(end.origin());
        if (Long.compareUnsigned(folded, end.lastSeqno()) > 0) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "tenant " + shard.tenantId() + " merges origin " + end.origin() + " at seqno "
                            + Seqno.print(end.lastSeqno()) + ", but more of it counts, up to " + Seqno.print(folded));
        }
        return folded == end.lastSeqno();
    }

    private void compact(TenantShard shard, List<ControlRecord.End> ends) {
        if (ends.isEmpty()) {
            return;
        }
        SignalLedger sum = base(shard);
        for (ControlRecord.End end : ends) {
            OriginLedger closed = shard.origins.get(end.origin());
            if (closed == null || closed.foldedSeqno != end.lastSeqno()) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "tenant " + shard.tenantId() + " compacts origin " + end.origin() + " at seqno "
                                + end.lastSeqno() + ", but its log ends at "
                                + (closed == null ? "nothing" : Long.toUnsignedString(closed.foldedSeqno)));
            }
            sum.merge(closed.ledger);
            shard.origins.remove(end.origin());
            shard.compacted.put(end.origin(), end.lastSeqno());
        }
        shard.base = sum;
        shard.rebase();
    }

    private long payloadHash(ByteBuffer records, int from, int count) {
        return payloadHash(hash, records, from, count);
    }

    /** Returns a hash over entity, type and weight of each record, without its time. */
    static long payloadHash(HashStream64 hash, ByteBuffer records, int from, int count) {
        hash.reset();
        for (int i = 0, at = from; i < count; i++, at += SignalRecords.BYTES) {
            hash.putLong(SignalRecords.entity(records, at));
            hash.putInt(SignalRecords.type(records, at));
            hash.putFloat(SignalRecords.weight(records, at));
        }
        return hash.getAsLong();
    }
}
