package io.tidaldb.server.importing;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import java.util.concurrent.CompletionStage;

/** What a load is sent to: a tenant of an open instance, or of a server. Safe for any number of threads. */
public interface LoadTarget {

    /** Returns whose signals these become. */
    TenantId tenant();

    /** Records one signal. */
    CompletionStage<Position> record(Signal signal, WriteOptions options);

    /**
     * Reads all that is known about an entity.
     *
     * @throws RuntimeException if it can't
     */
    void read(String signal, EntityId entity);

    /** Returns how many signals it takes at a time. */
    int callsAtOnce();
}
