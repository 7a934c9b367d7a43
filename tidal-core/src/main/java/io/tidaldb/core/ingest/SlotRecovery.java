package io.tidaldb.core.ingest;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.directory.NodeHome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a slot back to where its logs end: its checkpoint, then what they hold beyond it; or all of them from the start, if the checkpoint
 * is damaged and they are whole.
 *
 * <p>Confined to whoever owns the store: the opening thread, then the commit loop.
 */
final class SlotRecovery {

    private static final Logger LOG = LoggerFactory.getLogger(SlotRecovery.class);

    private final NodeHome home;
    private final WalStore store;
    private final NodeSettings settings;
    private final Schema schema;
    private final CommitLoop loop;

    /**
     * The logs that were there when the store was opened. A slot has no others but that of the origin that it is written under and those
     * that it has received since, so nobody needs to look through those of all tenants.
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
        for (LogStatus status : store.logs()) {
            found.computeIfAbsent(status.log().tenant(), each -> new ArrayList<>(1))
                    .add(status.log());
        }
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
            recover(shard);
        } catch (TidalException e) {
            LOG.warn("tenant {} on {} is quarantined: {}", shard.tenantId(), replica, e.getMessage());
            shard.damaged(e);
        }
        shard.rebase();
        // What was replayed is in no checkpoint yet.
        shard.checkpointedBytes(checkpointed == 0 ? 0 : shard.logBytes() - shard.replayedBytes);
        return shard;
    }

    private TenantShard empty(Flow flow, ReplicaId replica, Origin origin) {
        return new TenantShard(flow, replica, origin, loop, schema, settings.idempotencyHorizonMillis());
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
            if (status.damage() == null && Long.compareUnsigned(each.foldedSeqno, status.lastSeqno()) > 0) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "checkpoint " + file.get().name() + " is at seqno "
                                + Seqno.print(each.foldedSeqno) + " of " + each.origin
                                + ", beyond the end of the log at " + Seqno.print(status.lastSeqno()));
            }
        }
        return bytes;
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
                reason.getMessage() + "; the state can't be rebuilt from the log either: " + why
                        + "; restore the file from a copy, or delete the tenant",
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
                replay(shard, status, chain);
            }
        }
    }

    /** Returns the logs of a slot, in order of their origins. */
    List<LogStatus> logs(TenantShard shard) {
        LogId open = shard.log(shard.origin);
        SortedSet<LogId> ids = new TreeSet<>();
        for (LogId log : found.getOrDefault(shard.tenantId(), List.of())) {
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
                    || status.lastSeqno() != shard.origin.startSeqno()) {
                logs.add(status);
            }
        }
        return logs;
    }

    /** Takes notice that the logs of a tenant are gone. */
    void forget(TenantId tenant) {
        found.remove(tenant);
    }

    private void replay(TenantShard shard, LogStatus status, Chain chain) {
        Origin origin = status.log().origin();
        OriginLedger ledger = shard.origin(origin);
        if (Long.compareUnsigned(ledger.foldedSeqno, status.lastSeqno()) > 0
                || Long.compareUnsigned(ledger.foldedSeqno + 1, status.firstSeqno()) < 0) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "log " + status.log() + " holds seqnos " + Seqno.print(status.firstSeqno()) + " to "
                            + Seqno.print(status.lastSeqno()) + ", which does not continue its checkpoint at "
                            + Seqno.print(ledger.foldedSeqno));
        }
        try (WalCursor cursor = store.read(status.log(), ledger.foldedSeqno + 1)) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
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
        }
    }
}
