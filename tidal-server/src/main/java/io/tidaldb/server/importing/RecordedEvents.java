package io.tidaldb.server.importing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.RecordedSignal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What a store holds, read back: a data directory, or a server's. */
public interface RecordedEvents {

    /** Returns the half-life of each type of signal. */
    Map<String, Duration> halfLives();

    /** Hands over every signal of a tenant; returns false if there is no such tenant. */
    boolean export(TenantId tenant, Consumer<RecordedSignal> consumer);

    /** Hands over what users of a tenant did, as lines of an export; returns false if there is no such tenant. */
    boolean exportActs(TenantId tenant, Consumer<ObjectNode> consumer);

    /** Returns the scores of entities at a time, in their order. */
    List<Double> scores(TenantId tenant, String signal, List<EntityId> entities, Instant at);
}
