package io.tidaldb.core.ingest;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.directory.NodeHome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a slot back to where its logs end: its checkpoint, then what they hold beyond it; or all of them from the start, if the checkpoint
 * is damaged and they are whole.
 *
 * <p>Confined to whoever owns the store: the opening thread, then the commit loop.
 */
final class SlotRecovery implements FoldSource {

    private static final Logger LOG = LoggerFactory.getLogger(SlotRecovery.class);

    private final NodeHome home;
    private final WalStore store;
    private final NodeSettings settings;
    private final Schema schema;
    private final CommitLoop loop;
    private final SnapshotInstall snapshots;

    /**
     * The logs that were there when the store was opened. A slot has no others but those that it has ledgers for by now, so nobody needs to
     * look through those of all tenants.
     */
    private final Map<TenantId, List<LogId>> found = new HashMap<>();

    /**
     * Creates the recovery of a node's slots.
     *
     * @param home where their checkpoints are
     */
    SlotRecovery(NodeHome home, WalStore store, NodeSettings settings, Schema schema, CommitLoop loop) {
        this.home = home;
        this.store = store;
        this.settings = settings;
        this.schema = schema;
        this.loop = loop;
        this.snapshots = new SnapshotInstall(home, store, this, loop);
        for (LogStatus status : store.logs()) {
            found.computeIfAbsent(status.log().tenant(), each -> new ArrayList<>(1))
                    .add(status.log());
        }
    }

    /** Returns who installs snapshots, and finishes what was begun. */
    SnapshotInstall snapshots() {
        return snapshots;
    }

    /**
     * Opens a slot. Damage quarantines it and does not fail this.
     *
     * @param incarnation the incarnation in which it is written from now on
     */
    TenantShard open(Flow flow, ReplicaId replica, int incarnation) {
        Origin origin = new Origin(replica.region(), replica.shard(), incarnation);
        TenantShard shard = empty(flow, replica, origin);
        long checkpointed = 0;
        try {
            snapshots.finish(shard);
            try {
                checkpointed = restore(shard);
            } catch (TidalException e) {
                if (e.code() != ErrorCode.CORRUPT_DATA) {
                    throw e;
                }
                requireWholeLogs(shard, e);
                LOG.warn(
                        "tenant {} on {} is rebuilt from its whole log, without its checkpoint: {}",
                        shard.tenantId(),
                        replica,
                        e.getMessage());
                shard = empty(flow, replica, origin);
            }
            shard.awaitsState = home.find(shard.tenantId(), Checkpoint.awaitedName(replica.shard()))
                    .isPresent();
            recover(shard);
            shard.rebuildIfNeeded();
        } catch (TidalException e) {
            quarantine(shard, e);
        }
        Map<Origin, DamageNote.End> ends = endsBefore(shard);
        shard.brokenAtOpen = shard.damage() != null;
        if (shard.isDamagedOnDisk()) {
            findReadable(shard);
            if (!ends.isEmpty()) {
                shard.recallDamage(ends);
            }
        }
        shard.opened();
        shard.rebase();
        // What was replayed is in no checkpoint yet.
        shard.checkpointedBytes(checkpointed == 0 ? 0 : shard.logBytes() - shard.replayedBytes);
        return shard;
    }

    /**
     * Opens a slot again that could not be opened because its tenant was suspended; returns whether it did. Called by a task of the loop.
     */
    boolean reopen(TenantShard shard) {
        TidalException damage = shard.damage();
        if (damage == null || damage.code() != ErrorCode.TENANT_SUSPENDED) {
            return false;
        }
        shard.reopened(open(shard.flow(), shard.replica(), shard.origin.incarnation()));
        return true;
    }

    /**
     * Returns how far the logs of a slot had gone when it was found to be damaged, before it was opened again; empty if that is not known, or
     * nothing is damaged any more.
     */
    private Map<Origin, DamageNote.End> endsBefore(TenantShard shard) {
        TidalException damage = shard.damage();
        if (damage != null && damage.code() == ErrorCode.TENANT_SUSPENDED) {
            return Collections.emptyMap();
        }
        try {
            DamageNote note = DamageNote.find(
                            home, shard.tenantId(), shard.replica().shard())
                    .orElse(null);
            if (note == null) {
                return Collections.emptyMap();
            }
            if (note.thrownAway()) {
                shard.refetches(
                        new TidalException(
                                ErrorCode.CORRUPT_DATA,
                                "tenant " + shard.tenantId() + " on " + shard.replica()
                                        + " was damaged and is fetched from its leader again: not everything is back yet"),
                        note.lastSeqnos());
                return Collections.emptyMap();
            }
            if (damage == null) {
                lookForDamage(shard, note.ends());
            }
            if (shard.damage() == null) {
                forgetDamage(shard);
                return Collections.emptyMap();
            }
            return note.ends();
        } catch (TidalException e) {
            quarantine(shard, e);
            return Collections.emptyMap();
        }
    }

    // Some of what is damaged is not read when a slot is opened, or looks like what was never completed.
    private void lookForDamage(TenantShard shard, Map<Origin, DamageNote.End> before) {
        before.forEach((origin, end) -> {
            OriginLedger known = shard.origins.get(origin);
            long last = known != null ? known.lastSeqno : shard.compacted.getOrDefault(origin, origin.startSeqno());
            if (Long.compareUnsigned(last, end.lastSeqno()) < 0) {
                quarantine(
                        shard,
                        new TidalException(
                                ErrorCode.CORRUPT_DATA,
                                "log " + shard.log(origin) + " ends at seqno " + Seqno.print(last) + ": expected "
                                        + Seqno.print(end.lastSeqno())
                                        + ", where it ended when the slot was found to be damaged; "
                                        + CorruptLogException.REMEDY));
            }
        });
        if (shard.damage() == null) {
            new Scrub(store, this).read(shard, null, Integer.MAX_VALUE);
        }
    }

    private static void quarantine(TenantShard shard, TidalException reason) {
        LOG.warn("tenant {} on {} is quarantined: {}", shard.tenantId(), shard.replica(), reason.getMessage());
        shard.damaged(reason);
    }

    /** Returns the state of a slot that has nothing. Safe for any thread. */
    TenantShard empty(TenantShard like) {
        return empty(like.flow(), like.replica(), like.origin);
    }

    /** Reads a checkpoint into an empty state and returns its size. Safe for any thread. */
    long read(NodeHome.StoredFile file, TenantShard empty) {
        return Checkpoint.read(file, empty, schema);
    }

    private TenantShard empty(Flow flow, ReplicaId replica, Origin origin) {
        TenantShard shard = new TenantShard(flow, replica, origin, loop, schema, settings.idempotencyHorizonMillis());
        shard.logs(this);
        return shard;
    }

    /** Restores the checkpoint and returns its size, 0 if there is none; CORRUPT_DATA if it does not belong to what the logs hold. */
    private long restore(TenantShard shard) {
        Optional<NodeHome.StoredFile> file =
                home.find(shard.tenantId(), Checkpoint.name(shard.replica().shard()));
        if (file.isEmpty()) {
            return 0;
        }
        long bytes = Checkpoint.read(file.get(), shard, schema);
        shard.checkpointBytes(bytes);
        for (OriginLedger each : shard.origins.values()) {
            LogStatus status = store.status(shard.log(each.origin));
            if (status.damage() == null && Long.compareUnsigned(each.lastSeqno, status.lastSeqno()) > 0) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "checkpoint " + file.get().name() + " is at seqno " + Seqno.print(each.lastSeqno) + " of "
                                + each.origin + ", beyond the end of the log at " + Seqno.print(status.lastSeqno()));
            }
        }
        return bytes;
    }

    /** Finds out how far the whole logs reach of a slot that can't be opened: others may lack what they hold. Nothing of it is folded. */
    private void findReadable(TenantShard shard) {
        SlotLogs logs = new SlotLogs(shard, store, this);
        for (LogStatus status : logs(shard)) {
            if (status.damage() == null
                    && !shard.compacted.containsKey(status.log().origin())) {
                OriginLedger known = shard.ledger(status.log().origin());
                try {
                    OptionalLong chain = logs.chainAt(known.origin, status.lastSeqno());
                    if (chain.isPresent()) {
                        known.lastSeqno = status.lastSeqno();
                        known.chain = chain.getAsLong();
                    }
                } catch (TidalException e) {
                    LOG.warn("log {} can't be read either: {}", status.log(), e.getMessage());
                }
            }
        }
    }

    // Without its checkpoint a slot can be rebuilt only if every origin that it ever folded is still there from the
    // start.
    private void requireWholeLogs(TenantShard shard, TidalException reason) {
        List<LogStatus> logs = logs(shard);
        for (LogStatus status : logs) {
            long start = status.log().origin().startSeqno() + 1;
            if (status.damage() == null && status.firstSeqno() != start) {
                throw unrecoverable(
                        reason,
                        "log " + status.log() + " begins at seqno " + Seqno.print(status.firstSeqno()) + ", not at "
                                + Seqno.print(start));
            }
        }
        for (Origin origin : shard.origins.keySet()) {
            if (logs.stream().noneMatch(status -> status.log().origin().equals(origin))) {
                throw unrecoverable(reason, "there is no log of origin " + origin);
            }
        }
        if (logs.isEmpty()) {
            throw unrecoverable(reason, "there is no log of tenant " + shard.tenantId() + " on " + shard.replica());
        }
    }

    private static TidalException unrecoverable(TidalException reason, String why) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                reason.getMessage() + "; the state can't be rebuilt from the log either: " + why + "; "
                        + CorruptLogException.REMEDY,
                reason);
    }

    private void recover(TenantShard shard) {
        long bytes = 0;
        Chain chain = new Chain();
        for (LogStatus status : logs(shard)) {
            bytes += status.bytes();
            shard.logBytes(bytes);
            if (status.damage() != null) {
                throw status.damage();
            }
            Origin origin = status.log().origin();
            if (origin.replica().equals(shard.replica()) && origin.compareTo(shard.origin) > 0) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "tenant " + shard.tenantId() + " has a log of " + origin
                                + ", which the control log never granted: expected up to " + shard.origin
                                + "; restore the control log that belongs to this directory");
            }
            if (!shard.compacted.containsKey(origin)) {
                replay(shard, status, status.lastSeqno(), chain);
            }
        }
    }

    @Override
    public WalCursor read(TenantShard shard, Origin origin, long fromSeqno) {
        return shard.tenant().keys().open(store.read(shard.log(origin), fromSeqno));
    }

    // All takeovers and adoptions are known by now, so that what is folded this time stays.
    @Override
    public void rebuild(TenantShard shard) {
        try {
            TenantShard fresh = refold(shard, true);
            if (fresh == null) {
                fresh = refold(shard, false);
            }
            if (fresh == null) {
                shard.needSnapshot();
            } else {
                shard.become(fresh);
            }
        } catch (TidalException e) {
            LOG.warn("tenant {} on {} is quarantined: {}", shard.tenantId(), shard.replica(), e.getMessage());
            shard.damagedOnDisk(e);
        }
    }

    @Override
    public void noteDamage(TenantShard shard) {
        // Where nobody else holds it, somebody puts older files into its place, and these are served then.
        if (shard.isFetchedIfDamaged() && home.durable()) {
            try {
                DamageNote.of(shard)
                        .keep(home, shard.tenantId(), shard.replica().shard());
            } catch (TidalException e) {
                LOG.warn(
                        "how far the logs of tenant {} on {} go is not known when it is opened again: {}",
                        shard.tenantId(),
                        shard.replica(),
                        e.getMessage());
            }
        }
    }

    /**
     * Keeps in mind, for the next open, that what a slot holds is thrown away; returns false if that can't be kept now.
     *
     * @param had how far its logs had gone; empty if that is not known
     */
    boolean noteThrownAway(TenantShard shard, SortedMap<Origin, Long> had) {
        try {
            if (home.durable()) {
                DamageNote.ofThrownAway(had)
                        .keep(home, shard.tenantId(), shard.replica().shard());
            }
            return true;
        } catch (TidalException e) {
            LOG.warn(
                    "tenant {} on {} stays damaged until there is room: {}",
                    shard.tenantId(),
                    shard.replica(),
                    e.getMessage());
            return false;
        }
    }

    @Override
    public void forgetDamage(TenantShard shard) {
        try {
            home.delete(shard.tenantId(), DamageNote.name(shard.replica().shard()));
        } catch (TidalException e) {
            LOG.warn(
                    "tenant {} on {} counts as damaged when it is opened again: {}",
                    shard.tenantId(),
                    shard.replica(),
                    e.getMessage());
        }
    }

    // Where the file should be and is not, the next open folds the logs; where it is and should not be, whoever hears
    // of the slot's part does.
    @Override
    public void keepAwaiting(TenantShard shard, boolean awaits) {
        String name = Checkpoint.awaitedName(shard.replica().shard());
        try {
            if (!awaits) {
                home.delete(shard.tenantId(), name);
            } else if (home.durable()) {
                try (NodeHome.PendingFile file = home.create(shard.tenantId(), name)) {
                    file.publish();
                }
            }
        } catch (TidalException | IOException e) {
            LOG.warn(
                    "whether tenant {} on {} waits for its state is not known when it is opened again: {}",
                    shard.tenantId(),
                    shard.replica(),
                    e.getMessage());
        }
    }

    /** Returns the state at the positions that a slot has seen, from its checkpoint or from the whole logs; null if it is not in there. */
    private @Nullable TenantShard refold(TenantShard shard, boolean fromCheckpoint) {
        TenantShard fresh = empty(shard);
        return fromCheckpoint && !restoreKept(shard, fresh) ? null : foldRest(shard, fresh);
    }

    /**
     * Returns the state at the positions that a slot has seen, from that of another replica and what the logs hold beyond it; null if it is not
     * in there.
     *
     * @param fresh the other replica's, nowhere beyond the slot's; changes
     */
    @Nullable
    TenantShard foldedOnto(TenantShard fresh, TenantShard shard) {
        return takesLimits(shard, fresh) ? foldRest(shard, fresh) : null;
    }

    private @Nullable TenantShard foldRest(TenantShard shard, TenantShard fresh) {
        fresh.notes.addAll(shard.notes.notes());
        List.copyOf(fresh.origins.values())
                .forEach(each -> loop.commits().folder().catchUp(fresh, each));
        Chain chain = new Chain();
        for (LogStatus status : logs(shard)) {
            if (status.damage() != null) {
                throw status.damage();
            }
            Origin origin = status.log().origin();
            Long end = seenTo(shard, origin);
            if (end != null && !fresh.compacted.containsKey(origin)) {
                OriginLedger known = fresh.origins.get(origin);
                long from = known == null ? origin.startSeqno() : known.lastSeqno;
                if (Long.compareUnsigned(from + 1, status.firstSeqno()) < 0) {
                    return null;
                }
                replay(fresh, status, end, chain);
            }
        }
        TidalException damage = fresh.damage();
        if (damage != null) {
            throw damage;
        }
        return !fresh.isStale() && isAsFar(fresh, shard) ? fresh : null;
    }

    private static @Nullable Long seenTo(TenantShard shard, Origin origin) {
        OriginLedger seen = shard.origins.get(origin);
        return seen == null ? shard.compacted.get(origin) : Long.valueOf(seen.seenSeqno);
    }

    private static boolean isAsFar(TenantShard fresh, TenantShard shard) {
        for (OriginLedger seen : shard.origins.values()) {
            OriginLedger known = fresh.origins.get(seen.origin);
            long position = known == null ? seen.origin.startSeqno() : known.seenSeqno;
            if (position != seen.seenSeqno) {
                return false;
            }
        }
        return fresh.compacted.equals(shard.compacted);
    }

    /** Restores the checkpoint into an empty slot; false if there is none, or it holds what does not count. */
    private boolean restoreKept(TenantShard shard, TenantShard fresh) {
        try {
            if (restore(fresh) == 0) {
                return false;
            }
        } catch (TidalException e) {
            if (e.code() != ErrorCode.CORRUPT_DATA) {
                throw e;
            }
            return false;
        }
        return takesLimits(shard, fresh);
    }

    /** Returns whether a state holds nothing but what counts of a slot's logs, and says there what does. */
    private static boolean takesLimits(TenantShard shard, TenantShard fresh) {
        for (OriginLedger each : fresh.origins.values()) {
            FoldLimit limit = shard.notes.limit(each.origin);
            Long end = seenTo(shard, each.origin);
            boolean kept = limit.keeps(each.limit, each.foldedSeqno);
            if (!kept || end == null || Long.compareUnsigned(each.lastSeqno, end) > 0) {
                return false;
            }
            each.limit = limit;
        }
        return fresh.compacted.entrySet().stream().allMatch(end -> {
            FoldLimit limit = shard.notes.limit(end.getKey());
            return !limit.isClosed() || limit.adoptedTo() == end.getValue();
        });
    }

    /** Returns the logs of a slot, in order of their origins. */
    List<LogStatus> logs(TenantShard shard) {
        LogId open = shard.log(shard.origin);
        SortedSet<LogId> ids = new TreeSet<>();
        for (LogId log : found(shard.tenantId())) {
            if (log.holder().equals(shard.replica().shard())) {
                ids.add(log);
            }
        }
        shard.origins.keySet().forEach(origin -> ids.add(shard.log(origin)));
        ids.add(open);
        List<LogStatus> logs = new ArrayList<>();
        for (LogId log : ids) {
            LogStatus status = store.status(log);
            if (!log.equals(open)
                    || status.damage() != null
                    || !status.isEmpty()
                    || status.lastSeqno() != log.origin().startSeqno()) {
                logs.add(status);
            }
        }
        return logs;
    }

    /** Returns the logs of a tenant that were here when the store was opened and have not been deleted. */
    List<LogId> found(TenantId tenant) {
        return found.getOrDefault(tenant, List.of());
    }

    /** Takes notice that the logs of a tenant are gone. */
    void forget(TenantId tenant) {
        found.remove(tenant);
    }

    /** Takes notice that the logs of a tenant that a shard held are gone. */
    void forget(TenantId tenant, ShardId holder) {
        found.computeIfPresent(
                tenant,
                (id, logs) -> logs.stream()
                        .filter(log -> !log.holder().equals(holder))
                        .collect(Collectors.toCollection(ArrayList::new)));
    }

    /** Folds a log from where the slot has it up to a seqno. */
    private void replay(TenantShard shard, LogStatus status, long toSeqno, Chain chain) {
        shard.replaying = true;
        OriginLedger ledger = shard.ledger(status.log().origin());
        if (Long.compareUnsigned(ledger.lastSeqno, status.lastSeqno()) > 0
                || Long.compareUnsigned(ledger.lastSeqno + 1, status.firstSeqno()) < 0) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "log " + status.log() + " holds seqnos " + Seqno.print(status.firstSeqno()) + " to "
                            + Seqno.print(status.lastSeqno()) + ", which does not continue its checkpoint at "
                            + Seqno.print(ledger.lastSeqno));
        }
        try (WalCursor cursor = read(shard, status.log().origin(), ledger.lastSeqno + 1)) {
            for (WalBatch batch = cursor.next();
                    batch != null && Long.compareUnsigned(batch.lastSeqno(), toSeqno) <= 0;
                    batch = cursor.next()) {
                long next = chain.next(ledger.chain, batch);
                if (batch.version() > 1 && next != batch.chain()) {
                    throw new CorruptLogException(
                            status.log().toString(),
                            "batch at seqno " + Seqno.print(batch.firstSeqno()),
                            0,
                            "chain 0x" + Long.toHexString(next),
                            "0x" + Long.toHexString(batch.chain()));
                }
                loop.commits().folder().fold(shard, ledger, batch);
                shard.replayedBytes += batch.length();
                ledger.lastSeqno = batch.lastSeqno();
                ledger.chain = next;
            }
        } finally {
            shard.replaying = false;
        }
    }
}
