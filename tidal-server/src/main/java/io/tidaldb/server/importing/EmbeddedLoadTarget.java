package io.tidaldb.server.importing;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** A tenant of an open instance as the target of a load. */
public record EmbeddedLoadTarget(Tenant open) implements LoadTarget {

    private static final int CALLS_AT_ONCE = 20_000;

    @Override
    public TenantId tenant() {
        return open.id();
    }

    @Override
    public CompletionStage<Position> record(Signal signal, WriteOptions options) {
        return open.recordAllAsync(List.of(signal), options);
    }

    @Override
    public void read(String signal, EntityId entity) {
        open.read(signal, entity.value(), ReadOptions.DEFAULT);
    }

    @Override
    public int callsAtOnce() {
        return CALLS_AT_ONCE;
    }
}
