package io.tidaldb.server.importing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** What an open instance holds. */
public record EmbeddedEvents(Tidal tidal) implements RecordedEvents {

    @Override
    public Map<String, Duration> halfLives() {
        Map<String, Duration> halfLives = new HashMap<>();
        for (SignalType type : tidal.signals()) {
            halfLives.put(type.name(), type.halfLife());
        }
        return halfLives;
    }

    @Override
    public boolean export(TenantId tenant, Consumer<RecordedSignal> consumer) {
        Optional<Tenant> existing = tidal.tenant(tenant);
        existing.ifPresent(found -> found.export(consumer));
        return existing.isPresent();
    }

    @Override
    public boolean exportActs(TenantId tenant, Consumer<ObjectNode> consumer) {
        Optional<Tenant> existing = tidal.tenant(tenant);
        existing.ifPresent(found -> found.exportActs(act -> consumer.accept(ActLine.of(tenant, act))));
        return existing.isPresent();
    }

    @Override
    public List<Double> scores(TenantId tenant, String signal, List<EntityId> entities, Instant at) {
        return tidal.tenant(tenant).orElseThrow().readAll(signal, entities, ReadOptions.at(at)).stream()
                .map(Reading::score)
                .toList();
    }
}
