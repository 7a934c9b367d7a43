package io.tidaldb.core.client;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A tenant, as a client of its cluster sees it. Methods are as those of {@link Tenant} unless they say otherwise.
 *
 * <p>Safe for any number of threads.
 */
public final class ClientTenant {

    private final TenantId id;
    private final ClientWrites writes;
    private final ClientReads reads;

    ClientTenant(Cluster cluster, Routing routing) {
        this.id = routing.tenant();
        this.writes = new ClientWrites(cluster, routing);
        this.reads = new ClientReads(cluster, routing);
    }

    /** Returns the tenant's id. */
    public TenantId id() {
        return id;
    }

    /** Records a signal that happens now; as {@link #recordAll}, with the default options. */
    public Position record(String signal, long entity, double weight) {
        return recordAll(List.of(Signal.of(signal, entity, weight)), WriteOptions.DEFAULT);
    }

    /** Records a signal for a named entity that happens now; as {@link #recordAll}, with the default options. */
    public Position record(String signal, String entity, double weight) {
        return recordAll(List.of(Signal.of(signal, entity, weight)), WriteOptions.DEFAULT);
    }

    /**
     * Records signals; tries again until the deadline where a node fails or does not lead any more. They count once.
     *
     * @throws io.tidaldb.api.QuotaExceededException if a quota refuses; nothing was recorded
     * @throws TidalException as {@link Tenant#recordAll(List, WriteOptions)}. If its outcome is unknown, the write may be
     *     asked for again, under the same key if the options had one. OVERLOADED if the client has as many open writes as it may
     */
    public Position recordAll(List<Signal> signals, WriteOptions options) {
        return writes.record(signals, options);
    }

    /**
     * As {@link #recordAll}, without waiting. Refusals come through the stage too, as a TidalException that is not wrapped. Stages complete on
     * a callback thread of the client.
     *
     * <p>What comes while several requests have no answer goes together with what comes next, so many writes at once cost less each. One that
     * fails takes no other with it. Writes of a thread to the same slots at the same level reach the node in their order, but for those that are
     * tried again, or have less than 2 seconds left, which wait for none.
     */
    public CompletionStage<Position> recordAllAsync(List<Signal> signals, WriteOptions options) {
        return writes.recordAsync(signals, options);
    }

    /** As {@link #readAll}, of one entity. */
    public Reading read(String signal, long entity, ReadOptions options) {
        return readAll(signal, List.of(EntityId.of(entity)), options).get(0);
    }

    /** As {@link #readAll}, of one entity that is named. */
    public Reading read(String signal, String entity, ReadOptions options) {
        return reads.named(signal, entity, options);
    }

    /**
     * Returns everything that is known about many entities, in their order. Asks those that lead; where they do not answer, other replicas,
     * which say how far behind they may be: a read that is to see a certain write gives its position, and waits for it.
     *
     * @throws TidalException what the last one asked said, when the time for reads is over
     */
    public List<Reading> readAll(String signal, List<EntityId> entities, ReadOptions options) {
        return reads.readAll(signal, entities, options);
    }

    /**
     * Returns the entities with the highest scores, highest first; equal scores in order of entity. Asks as {@link #readAll} does.
     *
     * @param k 1 to 10,000
     */
    public List<ScoredEntity> top(String signal, int k, ReadOptions options) {
        return reads.top(signal, k, options);
    }

    /** Returns the number of events of a type, as those say that lead. */
    public long total(String signal) {
        return reads.total(signal);
    }
}
