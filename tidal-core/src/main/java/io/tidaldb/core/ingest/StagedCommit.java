package io.tidaldb.core.ingest;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.SessionRecord;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What one shard of a tenant adds to the commit that is being put together. Loop-confined, empty between commits and then the next shard's:
 * what is used again and again stays in the processor's caches, and a shard that is idle keeps nothing.
 */
final class StagedCommit {

    /** What a shard has that is in no commit. Never added to. */
    static final StagedCommit NOTHING = new StagedCommit();

    final List<ControlRecord> control = new ArrayList<>();

    /** Whether the takeover that comes before the first record under a new origin is among them. */
    boolean takenOver;

    final BitSet schema = new BitSet();
    final List<EntityName> names = new ArrayList<>();
    final List<WriteRequest> writes = new ArrayList<>();

    /** The kinds of the writes that are in no batch yet. */
    final EnumSet<RecordKind> kinds = EnumSet.noneOf(RecordKind.class);

    /** Whether any of them is acknowledged before the sync. */
    boolean lazy;

    final List<ReceivedBatches> received = new ArrayList<>();

    // Looked up, never iterated.
    final Map<Long, String> newNames = new HashMap<>();
    final Map<IdempotencyKey, WriteRequest> keys = new HashMap<>();

    // Retries of writes that are in this very commit: they share its fate.
    final List<WriteRequest> followers = new ArrayList<>();

    /** Returns whether anything goes into the log of the shard's own origin. */
    boolean isWrittenHere() {
        return !control.isEmpty() || !names.isEmpty() || !writes.isEmpty();
    }

    /** Returns whether all of it is a part of a copy. */
    boolean isCopied() {
        return !received.isEmpty() && !isWrittenHere() && received.stream().allMatch(each -> each.patient);
    }

    void add(WriteRequest write) {
        writes.add(write);
        kinds.add(write.kind());
        lazy |= write.beforeSync();
    }

    /** Returns the writes of one kind, in order. */
    List<WriteRequest> writes(RecordKind kind) {
        List<WriteRequest> ofKind = new ArrayList<>(writes.size());
        for (WriteRequest write : writes) {
            if (write.kind() == kind) {
                ofKind.add(write);
            }
        }
        return ofKind;
    }

    /** Takes out the writes that are in no batch yet, and returns them. */
    List<WriteRequest> removeLeft() {
        List<WriteRequest> removed = new ArrayList<>();
        writes.removeIf(write -> kinds.contains(write.kind()) && removed.add(write));
        return removed;
    }

    /** Returns whether a session is written to. */
    boolean writesTo(long session) {
        return writes.stream()
                .anyMatch(write -> write.record instanceof SessionRecord record && record.session() == session);
    }

    void clear() {
        control.clear();
        takenOver = false;
        schema.clear();
        names.clear();
        writes.clear();
        kinds.clear();
        lazy = false;
        received.clear();
        newNames.clear();
        keys.clear();
        followers.clear();
    }
}
