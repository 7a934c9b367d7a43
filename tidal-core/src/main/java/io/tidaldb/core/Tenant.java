package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * One tenant of an open {@link Tidal}: records signals and reads what they mean.
 *
 * <p>Safe for any number of threads. A write that returned is seen by every read that begins afterwards. All methods throw
 * {@link TidalException}, whose code says why and whose outcome says what may have happened: among others UNKNOWN_SIGNAL for a type that
 * is not declared, CORRUPT_LOG if the tenant's log is quarantined, CLOSED after the instance was closed.
 */
public interface Tenant {

    /** Returns the tenant's id. */
    TenantId id();

    /** Returns the tenant's configuration as of now. */
    TenantConfig config();

    /** Returns the shards that the tenant lives on, one for each slot. */
    List<ReplicaId> placement();

    /** Records a signal that happens now; as {@link #recordAll(List, WriteOptions)}, with the default options. */
    default Position record(String signal, long entity, double weight) {
        return recordAll(List.of(Signal.of(signal, entity, weight)), WriteOptions.DEFAULT);
    }

    /**
     * Records a signal for a named entity that happens now; as {@link #recordAll(List, WriteOptions)}, with the default options. The entity's
     * number is made from its name.
     */
    default Position record(String signal, String entity, double weight) {
        return recordAll(List.of(Signal.of(signal, entity, weight)), WriteOptions.DEFAULT);
    }

    /** As {@link #record(String, long, double)}, without waiting. */
    default CompletionStage<Position> recordAsync(String signal, long entity, double weight) {
        return recordAllAsync(List.of(Signal.of(signal, entity, weight)), WriteOptions.DEFAULT);
    }

    /** As {@link #recordAll(List, WriteOptions)}, with the default options. */
    default Position recordAll(List<Signal> signals) {
        return recordAll(signals, WriteOptions.DEFAULT);
    }

    /**
     * Records signals: admitted by quota whole or not at all; returns when all are acknowledged at the durability that was asked for. What
     * goes to one shard is recorded whole or not at all.
     *
     * @return the last record on each shard that took part; a read {@linkplain ReadOptions#atLeast at least} there sees the write
     * @throws io.tidaldb.api.QuotaExceededException if a quota refuses; nothing was recorded
     * @throws TidalException UNKNOWN_SIGNAL, EVENT_TIME_TOO_FAR, NAME_COLLISION or OVERLOADED: nothing was recorded; DEADLINE_EXCEEDED if the deadline passes first; the outcome is then unknown. PARTLY_APPLIED if the write goes
     *     to several shards and one of them could not take its part; a retry with the same idempotency key completes it
     */
    Position recordAll(List<Signal> signals, WriteOptions options);

    /**
     * As {@link #recordAll(List, WriteOptions)}, without waiting; the deadline is for how long other nodes are waited for, where the
     * durability asks for them. Refusals come through the stage too, as a TidalException that is not wrapped. Stages complete on a callback
     * thread of the instance, never on one that does I/O.
     */
    CompletionStage<Position> recordAllAsync(List<Signal> signals, WriteOptions options);

    /**
     * Returns everything that is known about an entity; all zero if that is nothing.
     *
     * @throws TidalException POSITION_UNKNOWN if nobody can have written the position that the read is to see; DEADLINE_EXCEEDED if it was
     *     not seen in time; NOT_OWNER or PEER_UNAVAILABLE if nobody who has the entity answers; INVALID_ARGUMENT if the tenant may not be in
     *     the region that is asked for
     */
    Reading read(String signal, long entity, ReadOptions options);

    /** As {@link #read(String, long, ReadOptions)}, of a named entity; all zero if its number has another name. */
    Reading read(String signal, String entity, ReadOptions options);

    /** As {@link #read(String, long, ReadOptions)}, of many entities, in their order. They are not read at one moment. */
    List<Reading> readAll(String signal, List<EntityId> entities, ReadOptions options);

    /** Returns the decayed score now. */
    default double score(String signal, long entity) {
        return read(signal, entity, ReadOptions.DEFAULT).score();
    }

    /** Returns the decayed score of a named entity now. */
    default double score(String signal, String entity) {
        return read(signal, entity, ReadOptions.DEFAULT).score();
    }

    /** Returns the number of events in a window that ends now. */
    default long count(String signal, long entity, Window window) {
        return read(signal, entity, ReadOptions.DEFAULT).count(window);
    }

    /** Returns the number of events of a named entity in a window that ends now. */
    default long count(String signal, String entity, Window window) {
        return read(signal, entity, ReadOptions.DEFAULT).count(window);
    }

    /** Returns events a second over the last hour. */
    default double velocity(String signal, long entity) {
        return read(signal, entity, ReadOptions.DEFAULT).velocity(Window.ONE_HOUR);
    }

    /** Returns the entities with the highest scores now, highest first. */
    default List<ScoredEntity> top(String signal, int k) {
        return top(signal, k, ReadOptions.DEFAULT);
    }

    /**
     * Returns the entities with the highest scores, highest first; equal scores in order of entity. Those that the user does
     * not want to see for whom it is asked are left out.
     *
     * @param k 1 to 10,000
     */
    List<ScoredEntity> top(String signal, int k, ReadOptions options);

    /** Returns what the tenant's users do not want to see. */
    HardNegatives negatives();

    /** Returns the sessions of the tenant's users. */
    Sessions sessions();

    /** Never ranks an entity for a user again; returns when that is acknowledged. */
    default Position hide(long user, long entity) {
        return negatives().add(NegativeKind.HIDE, EntityId.of(user), EntityId.of(entity), WriteOptions.DEFAULT);
    }

    /** Returns the entities with the highest scores now, highest first, without those that a user does not want to see. */
    default List<ScoredEntity> top(String signal, int k, long forUser) {
        return top(signal, k, ReadOptions.DEFAULT.forUser(EntityId.of(forUser)));
    }

    /** Returns the number of events of a type, of all entities, ever. */
    long total(String signal);

    /** Returns the number of distinct entities of a type. */
    long entities(String signal);

    /** Returns what the tenant uses. */
    TenantUsage usage();

    /** Returns what the tenant wrote in each hour that has anything, oldest first; hours more than five weeks back are one sum. */
    List<UsageHour> usageByHour();

    /** Counts the tenant's usage again from its logs. Reads all of them, in the tenant's own turns: other tenants' writes go on. */
    UsageCheck verifyUsage();

    /**
     * Hands over every signal that is still in the tenant's logs, log by log, in order, in the tenant's own turns and on the calling thread.
     * Signals that are written meanwhile may be among them or not.
     *
     * @throws TidalException PEER_UNAVAILABLE if a log could not be read to its end: what was handed over is not all
     */
    void export(Consumer<RecordedSignal> consumer);

    /** Hands over all that users did in sessions, hid and withdrew that is still in the tenant's logs; as {@link #export}. */
    void exportActs(Consumer<RecordedAct> consumer);

    /**
     * Compares the state of all replicas with that of the ones that take writes: by a digest of every bit of it, at one position of their
     * logs, while writes go on. Costs each replica one pass over its state.
     *
     * @param repair whether to replace what differs by what the replica that takes writes has, and to compare again
     * @return one for each replica that takes no writes, in order; none if there are no replicas
     */
    List<ReplicaComparison> compareReplicas(boolean repair);
}
