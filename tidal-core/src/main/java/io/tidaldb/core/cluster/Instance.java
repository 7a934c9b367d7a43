package io.tidaldb.core.cluster;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.QueueBudget;
import io.tidaldb.core.ingest.RateQuota;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** What an open instance is to the parts that serve its tenants. Safe for any number of threads. */
public interface Instance {

    /** Fails with CLOSED once the instance is closed. */
    void checkOpen();

    /** Returns whether the instance is not closed yet. */
    boolean isOpen();

    /** Returns why nothing is agreed on in this process any more until it is opened again; null while it can be. */
    @Nullable
    TidalException undecided();

    /** Returns the nodes of this process, and what is agreed on all of them. */
    LocalCluster cluster();

    /** Returns the node of this process that has a replica. */
    Node node(TenantShard shard);

    /** Returns the region of the one node of this process. */
    RegionId region();

    /** Returns the declared types of signals. */
    Schema schema();

    /** Returns what bounds the bytes that wait to be committed. */
    QueueBudget queue();

    /** Returns a full bucket for a tenant's rate. */
    RateQuota rates(TenantConfig config);

    /** Returns how far ahead an event time may lie. */
    long maxFutureNanos();

    /**
     * Returns whether an event time lies too far ahead of a time that this machine's clock says; or where that is known to be behind those of a
     * majority of the nodes, of theirs.
     */
    boolean isTooFarAhead(long eventNanos, long nowNanos);

    /** Returns the time that tenants go by. */
    Clock clock();

    /** Returns what lets a caller wait for a loop. */
    LoopFactory loops();

    /** Returns where callers are called back. */
    Executor callbacks();

    /** Waits for a task, also if the caller is interrupted: half a change would be worse than a late one. */
    <T> T await(CompletableFuture<T> task);

    /** As {@link #await(CompletableFuture)}, for this long at most. */
    <T> T await(CompletableFuture<T> task, long atMostNanos);

    /** Completes after a pause, on the control scheduler; fails if the instance is closed before. */
    CompletableFuture<Void> pause(Duration pause);

    /** Returns what is agreed on a tenant, be it done here or not; null if there is none. */
    @Nullable
    TenantRecord agreed(TenantId id);

    /** Completes when all is known here that was agreed before this was asked. */
    CompletableFuture<Long> caughtUp();

    /** Completes when what was agreed on a tenant is done here. */
    CompletableFuture<Void> settled(TenantId id);

    /** Returns whether a record of a tenant can have been written somewhere. */
    boolean mayExist(WalSegmentId record, TenantRecord tenant);

    /** Compares a slot's followers with the replica that leads it. */
    List<ReplicaComparison> compareReplicas(TenantShard leader, boolean repair);

    /** Reads what counts of a slot's logs, one after another, chunk by chunk so that writes go on. */
    default void forEachBatch(TenantShard shard, BiConsumer<LogId, Node.Counted> consumer) {
        @Nullable LogId log = null;
        long seqno = 0;
        do {
            Node.Chunk chunk = await(node(shard).read(shard, log, seqno));
            chunk.batches()
                    .forEach(
                            counted -> consumer.accept(shard.log(counted.batch().origin()), counted));
            log = chunk.nextLog();
            seqno = chunk.nextSeqno();
        } while (log != null);
    }
}
