package io.tidaldb.core.ingest;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.HardNegativeRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.ledger.StateDigest;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a slot knows of users beside signals: hard negatives, sessions, and which entities are named in them alone.
 *
 * <p>Written by the commit loop alone, read by any thread.
 */
final class UserState {

    final NegativeTable negatives = new NegativeTable();
    final SessionTable sessions = new SessionTable();

    /** Entities that are in no ledger. */
    private final Set<Long> named = ConcurrentHashMap.newKeySet();

    private static final int NEGATIVES = 1;
    private static final int SESSIONS = 2;

    /** All that there is at one moment. */
    record Image(NegativeTable.Image negatives, List<SessionTable.Entry> sessions, List<Long> named) {

        boolean isEmpty() {
            return negatives.entries().isEmpty()
                    && negatives.ahead().isEmpty()
                    && sessions.isEmpty()
                    && named.isEmpty();
        }
    }

    /** Takes notice of a batch that is in a log and is not folded, now at least. */
    void see(WalBatch batch, EntityErasures erasures) {
        if (batch.kind() == RecordKind.HARD_NEGATIVES) {
            SeqnoRanges erased = erasures.voids(batch, SeqnoRanges.NONE, 0);
            long seqno = batch.firstSeqno();
            for (ByteBuffer body : BodyRecords.decode(batch)) {
                HardNegativeRecord record = (HardNegativeRecord) UserRecord.decode(batch.kind(), body);
                if (!erased.contains(seqno)) {
                    negatives.see(record, WalSegmentId.of(batch.origin(), seqno));
                }
                seqno++;
            }
        }
    }

    /**
     * Folds the next batch of its origin.
     *
     * @param folded how far the log of an origin is folded, this batch not yet
     * @param inLedger which entities are in a ledger
     */
    void fold(WalBatch batch, SeqnoRanges voids, ToLongFunction<Origin> folded, LongPredicate inLedger) {
        List<KeyBlock.Entry> keys = KeyBlock.read(batch);
        List<ByteBuffer> bodies = BodyRecords.decode(batch);
        for (int i = 0; i < bodies.size(); i++) {
            UserRecord record = UserRecord.decode(batch.kind(), bodies.get(i));
            WalSegmentId name = WalSegmentId.of(batch.origin(), batch.firstSeqno() + i);
            boolean isVoid = voids.contains(name.seqno());
            if (record instanceof SessionRecord session && !isVoid) {
                sessions.fold(new SessionTable.Entry(session, name, batch.hlc(), key(keys, i)));
            } else if (record instanceof HardNegativeRecord negative && isVoid) {
                negatives.skip(negative, name);
            } else if (record instanceof HardNegativeRecord negative) {
                negatives.fold(
                        negative,
                        name,
                        origin -> origin.equals(batch.origin()) ? name.seqno() - 1 : folded.applyAsLong(origin));
            }
            if (!isVoid) {
                for (long entity : record.entities()) {
                    if (!inLedger.test(entity)) {
                        named.add(entity);
                    }
                }
            }
        }
    }

    /** Removes what an erasure rules out. */
    void erase(EntityErasures.Note erasure, long entity, Collection<Long> erasedSessions) {
        Predicate<WalSegmentId> ruledOut = record -> erasure.covers(record.origin(), record.seqno());
        negatives.erase(entity, ruledOut);
        sessions.erase(erasedSessions, ruledOut);
        named.remove(entity);
    }

    /** Returns why a write can't be taken, or null. */
    @Nullable
    TidalException refusal(UserRecord record, StagedCommit staged, long nowMillis) {
        if (record instanceof SessionRecord session) {
            return sessions.refusal(session, staged.writesTo(session.session()), nowMillis);
        }
        HardNegativeRecord negative = (HardNegativeRecord) record;
        return negative.withdrawn() == null ? negatives.refusal(negative) : null;
    }

    private static @Nullable IdempotencyKey key(List<KeyBlock.Entry> keys, int record) {
        for (KeyBlock.Entry each : keys) {
            if (record >= each.firstRecord() && record - each.firstRecord() < each.count()) {
                return each.key();
            }
        }
        return null;
    }

    /** Takes notice that the entities of these signals are in a ledger from now on. */
    void inLedger(ByteBuffer records, int from, int count) {
        if (!named.isEmpty()) {
            for (int i = 0, at = from; i < count; i++, at += SignalRecords.BYTES) {
                named.remove(SignalRecords.entity(records, at));
            }
        }
    }

    /** Returns whether an entity is known only from here. */
    boolean names(long entity) {
        return named.contains(entity);
    }

    /** Returns how many entities are known only from here. */
    int namedEntities() {
        return named.size();
    }

    /** Returns the digest of all that is folded. */
    StateDigest digest(long seed) {
        return negatives
                .digest(new StateDigest.Pieces(seed, NEGATIVES))
                .plus(sessions.digest(new StateDigest.Pieces(seed, SESSIONS)));
    }

    Image image() {
        return new Image(negatives.image(), sessions.image(), List.copyOf(named));
    }

    static void writeNamed(List<Long> named, DataOutput out) throws IOException {
        out.writeInt(named.size());
        for (long each : named.stream().sorted().toList()) {
            out.writeLong(each);
        }
    }

    void readNamed(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            named.add(in.readLong());
        }
    }
}
