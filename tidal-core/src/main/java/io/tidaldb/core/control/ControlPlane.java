package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Proposes decisions and keeps the state that follows from those agreed.
 *
 * <p>Safe for any number of threads: the state is guarded by this object's lock, held only to apply a command or to copy.
 */
public final class ControlPlane implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ControlPlane.class);
    private static final int MAX_REPLIES = 1024;

    /** How many entries a log holds besides a snapshot: few enough to replay at once, enough to make snapshots rare. */
    private static final int SNAPSHOT_INTERVAL = 1024;

    private final ControlLog log;
    private final CommandCodec codec = new CommandCodec();
    private final ClusterState state = new ClusterState();
    private final SortedMap<Long, Reply> replies = new TreeMap<>();
    private final StateCodec stateCodec = new StateCodec();
    private long lastApplied;
    private long lastSnapshot;
    private volatile boolean watching;

    /** Replays what was agreed before. */
    public ControlPlane(ControlLog log) {
        this.log = log;
        log.watch(new ControlListener() {
            @Override
            public void snapshot(ControlSnapshot snapshot) {
                replaced(snapshot);
            }

            @Override
            public void committed(ControlEntry entry) {
                applied(entry);
                compactIfDue(entry.index());
            }
        });
        watching = true;
        compactIfDue(lastApplied());
    }

    private synchronized void replaced(ControlSnapshot snapshot) {
        state.replaceWith(stateCodec.decode(snapshot.state()));
        lastApplied = snapshot.index();
        lastSnapshot = snapshot.index();
    }

    private synchronized long lastApplied() {
        return lastApplied;
    }

    /** Stores the state after an entry that was just applied, once enough were since the last time. */
    private void compactIfDue(long index) {
        byte[] encoded;
        synchronized (this) {
            // While the log is replayed it does not take snapshots.
            if (!watching || index != lastApplied || index - lastSnapshot < SNAPSHOT_INTERVAL) {
                return;
            }
            encoded = stateCodec.encode(state);
            lastSnapshot = index;
        }
        try {
            log.compact(new ControlSnapshot(index, encoded));
        } catch (TidalException e) {
            LOG.warn("the control log is not compacted at {}: tried again after {} more", index, SNAPSHOT_INTERVAL, e);
        }
    }

    private synchronized void applied(ControlEntry entry) {
        lastApplied = entry.index();
        replies.put(entry.index(), state.apply(codec.decode(entry.command())));
        if (replies.size() > MAX_REPLIES) {
            replies.remove(replies.firstKey());
        }
    }

    /**
     * Proposes a command and waits until it is agreed and applied here.
     *
     * @return the reply's value
     * @throws TidalException if it is refused, or if the log can't take it
     */
    public long submit(ClusterCommand command) {
        long index;
        try {
            index = log.propose(codec.encode(command)).toCompletableFuture().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof TidalException known
                    ? known
                    : new TidalException(ErrorCode.INTERNAL, "the control log failed", e);
        }
        Reply reply;
        synchronized (this) {
            reply = replies.remove(index);
        }
        if (reply == null) {
            throw new TidalException(ErrorCode.INTERNAL, "control command " + index + " was agreed but not applied");
        }
        return reply.orThrow();
    }

    /** Returns the cluster's name; empty before it is defined. */
    public synchronized String cluster() {
        return state.cluster();
    }

    /** Returns all shards, in order; empty before they are defined. */
    public synchronized List<ShardAssignment> shards() {
        return state.shards();
    }

    /** Returns the declared signal types, in order of index. */
    public synchronized List<SchemaEntry> schema() {
        return state.schema();
    }

    /** Returns all tenants, in order. */
    public synchronized SortedMap<TenantId, TenantRecord> tenants() {
        return state.tenants();
    }

    /** Returns whether a tenant with this id was deleted and not created again. */
    public synchronized boolean isErased(TenantId id) {
        return state.isErased(id);
    }

    /** Returns all tenants that were deleted and not created again, in order. */
    public synchronized List<TenantId> erased() {
        return state.erased();
    }

    /** Returns the newest incarnation granted to a replica; 0 if none was. */
    public synchronized int incarnation(ReplicaId replica) {
        return state.incarnation(replica);
    }

    @Override
    public void close() {
        log.close();
    }
}
