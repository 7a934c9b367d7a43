package io.tidaldb.core.ingest;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.directory.NodeHome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts another replica's checkpoint, its snapshot, into the place of what a slot holds; and throws away what a replica holds that can't be
 * used, so that it begins anew.
 *
 * <p>The snapshot lies beside the checkpoint under a name of its own, whole and durable, before anything is changed. From then on every
 * step can be done again: logs that end before the snapshot's positions are deleted and begin there; then the snapshot is renamed to be the
 * checkpoint. Whoever opens the slot and finds a snapshot finishes that. So at no moment does a slot claim what it does not hold.
 *
 * <p>Nothing is installed that would take something away: a snapshot is refused that is behind what the slot holds of any origin, unless the
 * slot waits for the state that its logs come to: then they stay, and what they hold beyond the snapshot is folded onto it. Loop-confined.
 */
final class SnapshotInstall {

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotInstall.class);

    private final NodeHome home;
    private final WalStore store;
    private final SlotRecovery recovery;
    private final CommitLoop loop;

    SnapshotInstall(NodeHome home, WalStore store, SlotRecovery recovery, CommitLoop loop) {
        this.home = home;
        this.store = store;
        this.recovery = recovery;
        this.loop = loop;
    }

    /**
     * Replaces a slot's logs, checkpoint and state by a snapshot that is published under its own name.
     *
     * @param fresh what the snapshot holds
     * @throws TidalException if nothing has changed; else the slot is quarantined as well, and the next open goes on
     */
    void install(TenantShard shard, TenantShard fresh, long bytes) {
        if (shard.awaitsState() && isReached(shard, fresh)) {
            foldOnto(fresh, shard, bytes);
            return;
        }
        requireNotBehind(shard.positions(), fresh);
        try {
            moveLogs(fresh);
            renameSnapshot(fresh);
        } catch (TidalException e) {
            shard.damaged(e);
            throw e;
        }
        replace(shard, fresh, bytes);
    }

    private static boolean isReached(TenantShard shard, TenantShard fresh) {
        return fresh.origins.values().stream().allMatch(each -> {
            OriginLedger known = shard.origins.get(each.origin);
            return known == null
                    ? each.lastSeqno == each.origin.startSeqno()
                    : Long.compareUnsigned(each.lastSeqno, known.lastSeqno) <= 0;
        });
    }

    // Until the rename, the slot is what its logs say; afterwards it is the same, and opens sooner.
    private void foldOnto(TenantShard fresh, TenantShard shard, long bytes) {
        SlotLogs logs = new SlotLogs(shard, store, recovery);
        fresh.origins.values().removeIf(each -> each.lastSeqno == each.origin.startSeqno());
        for (OriginLedger each : fresh.origins.values()) {
            if (logs.chainAt(each.origin, each.lastSeqno).orElse(~each.chain) != each.chain) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "the snapshot of tenant " + fresh.tenantId() + " for " + fresh.replica() + " at seqno "
                                + Seqno.print(each.lastSeqno) + " of " + each.origin
                                + " is of another log than is here");
            }
        }
        TenantShard folded = recovery.foldedOnto(fresh, shard);
        if (folded == null) {
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "the snapshot of tenant " + fresh.tenantId() + " for " + fresh.replica()
                            + " holds what does not count any more by the logs that are here: it has to be taken anew");
        }
        renameSnapshot(fresh);
        replace(shard, folded, bytes);
    }

    private void replace(TenantShard shard, TenantShard state, long bytes) {
        shard.replaceBy(state);
        shard.checkpointBytes(bytes);
        shard.logBytes(recovery.logs(shard).stream().mapToLong(LogStatus::bytes).sum());
        shard.checkpointedBytes(shard.logBytes() - state.replayedBytes);
    }

    /** Finishes what a crash has interrupted; called before the slot's checkpoint is read. */
    void finish(TenantShard empty) {
        String name = Checkpoint.snapshotName(empty.replica().shard());
        Optional<NodeHome.StoredFile> file = home.find(empty.tenantId(), name);
        if (file.isEmpty()) {
            return;
        }
        TenantShard fresh = recovery.empty(empty);
        try {
            recovery.read(file.get(), fresh);
            requireNotBehind(positionsOfLogs(empty), fresh);
        } catch (TidalException e) {
            LOG.warn("the snapshot {} is deleted: {}", file.get().name(), e.getMessage());
            home.delete(empty.tenantId(), name);
            return;
        }
        moveLogs(fresh);
        renameSnapshot(fresh);
        LOG.info("the snapshot {} is installed, as was begun before", file.get().name());
    }

    private Map<Origin, Long> positionsOfLogs(TenantShard empty) {
        Map<Origin, Long> positions = new TreeMap<>();
        for (LogStatus status : recovery.logs(empty)) {
            if (status.damage() != null) {
                throw status.damage();
            }
            positions.put(status.log().origin(), status.lastSeqno());
        }
        return positions;
    }

    private static void requireNotBehind(Map<Origin, Long> held, TenantShard fresh) {
        held.forEach((origin, seqno) -> {
            OriginLedger known = fresh.origins.get(origin);
            long there = known != null ? known.lastSeqno : fresh.compacted.getOrDefault(origin, origin.startSeqno());
            if (Long.compareUnsigned(seqno, there) > 0) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "the snapshot of tenant " + fresh.tenantId() + " for " + fresh.replica() + " is at seqno "
                                + Seqno.print(there) + " of " + origin + ", behind what is here, "
                                + Seqno.print(seqno));
            }
        });
    }

    // A log that ends at the position stays as it is: what can be read of it may be of use to somebody.
    private void moveLogs(TenantShard fresh) {
        for (OriginLedger each : fresh.origins.values()) {
            LogId log = fresh.log(each.origin);
            if (store.status(log).lastSeqno() != each.lastSeqno) {
                loop.commits().onStore(() -> store.delete(log));
                loop.commits().onStore(() -> store.truncateBefore(log, each.lastSeqno + 1, each.chain));
            }
        }
        fresh.compacted.keySet().forEach(origin -> loop.commits().onStore(() -> store.delete(fresh.log(origin))));
    }

    private void renameSnapshot(TenantShard fresh) {
        home.rename(
                fresh.tenantId(),
                Checkpoint.snapshotName(fresh.replica().shard()),
                Checkpoint.name(fresh.replica().shard()));
        recovery.keepAwaiting(fresh, false);
    }

    /**
     * Throws away what a follower's replica holds if it is damaged, so that it is fetched from the leader again; returns whether it did.
     * What was found while other replicas were spoken to is left for somebody to look at, and so is whatever was written here first: nobody
     * else may have all of it. What is on its way to another shard, or from there, is not thrown away before that one was asked.
     */
    boolean reset(TenantShard shard) {
        TidalException damage = shard.damage();
        if (damage == null || !mayReset(shard)) {
            return false;
        }
        return discard(shard, damage);
    }

    /**
     * Throws away what a follower's replica holds if it is damaged; returns whether it did. Whoever calls it knows that another replica holds
     * all of {@link #known}, or has it on record what is lost.
     */
    boolean resetHeldElsewhere(TenantShard shard) {
        TidalException damage = shard.damage();
        if (damage == null || shard.writesEverywhere() || !isLeft(shard)) {
            return false;
        }
        return discard(shard, damage);
    }

    /**
     * Returns how far a damaged slot is known to have had each origin's log: up to the last record if the damage was found while it was
     * served, else as far as the files tell. Empty if no files are damaged.
     */
    Optional<Map<Origin, KnownLog>> known(TenantShard shard) {
        TidalException damage = shard.damage();
        if (damage == null || !shard.isDamagedOnDisk()) {
            return Optional.empty();
        }
        Map<Origin, KnownLog> known = new TreeMap<>();
        for (LogStatus status : recovery.logs(shard)) {
            Origin origin = status.log().origin();
            OriginLedger held = shard.brokenInService ? shard.origins.get(origin) : null;
            if (!shard.compacted.containsKey(origin)) {
                // What was found by a comparison of chains, the store knows nothing of; nor that a log has become
                // shorter.
                boolean damaged = status.damage() != null
                        || held != null && Long.compareUnsigned(status.lastSeqno(), held.lastSeqno) < 0
                        || damage instanceof CorruptLogException found
                                && found.file().equals(status.log().toString());
                known.put(origin, new KnownLog(held == null ? status.lastSeqno() : held.lastSeqno, !damaged));
            }
        }
        return Optional.of(known);
    }

    /** Returns how far the logs of a slot had gone of which that is known though it is damaged, or was thrown away for that. */
    Map<Origin, Long> had(TenantShard shard) {
        Map<Origin, Long> had = new TreeMap<>(shard.hadBefore());
        shard.origins.values().forEach(each -> had.merge(each.origin, each.lastSeqno, SnapshotInstall::higher));
        return had;
    }

    private static long higher(long one, long other) {
        return Long.compareUnsigned(one, other) > 0 ? one : other;
    }

    private static boolean isLeft(TenantShard shard) {
        return shard.isDamagedOnDisk() && (shard.isReplicated() || shard.isElsewhere()) && !shard.leads();
    }

    private boolean discard(TenantShard shard, TidalException damage) {
        // First: whoever opens it meanwhile must not take what is left, or nothing, for all that was acknowledged here.
        SortedMap<Origin, Long> had = new TreeMap<>();
        if (shard.isKnownThoughDamaged()) {
            had.putAll(had(shard));
        }
        if (!recovery.noteThrownAway(shard, had)) {
            return false;
        }
        LOG.warn(
                "what tenant {} has on {} is thrown away and fetched from the leader: {}",
                shard.tenantId(),
                shard.replica(),
                damage.getMessage());
        // The checkpoint first: logs without one are what they are, but a checkpoint without its logs claims too much.
        home.delete(shard.tenantId(), Checkpoint.snapshotName(shard.replica().shard()));
        home.delete(shard.tenantId(), Checkpoint.name(shard.replica().shard()));
        List<LogId> logs = new ArrayList<>();
        recovery.logs(shard).forEach(status -> logs.add(status.log()));
        logs.forEach(log -> loop.commits().onStore(() -> store.delete(log)));
        recovery.keepAwaiting(shard, false);
        shard.refetch(recovery.empty(shard), damage, had);
        shard.checkpointBytes(0);
        shard.logBytes(0);
        shard.checkpointedBytes(0);
        return true;
    }

    /** Returns whether {@link #reset} throws something away. */
    boolean mayReset(TenantShard shard) {
        return shard.damage() != null
                && shard.brokenAtOpen
                && isLeft(shard)
                && !shard.isElsewhere()
                && !hasWritten(shard);
    }

    private boolean hasWritten(TenantShard shard) {
        for (LogStatus status : recovery.logs(shard)) {
            Origin origin = status.log().origin();
            boolean own = origin.replica().equals(shard.replica());
            if (own && (status.damage() != null || status.lastSeqno() != origin.startSeqno())) {
                return true;
            }
        }
        return shard.positions().entrySet().stream()
                .anyMatch(each -> each.getKey().replica().equals(shard.replica())
                        && each.getValue() != each.getKey().startSeqno());
    }
}
