package io.tidaldb.server.quickstart;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.EventFile;
import io.tidaldb.server.importing.ParsedLine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The three tenants with the most events, each with quotas and pinned to its own shard; the others of the file are created when their
 * first event comes.
 *
 * @param tenants largest first
 * @param signal the type with the most events
 * @param lastEventNanos time of the last event: history is judged at its own time
 */
record TenantPlan(List<TenantConfig> tenants, String signal, long lastEventNanos) {

    static final int TENANTS = 3;

    /** Reads the whole sample once. */
    static TenantPlan of(Sample sample) throws IOException {
        Map<String, Long> events = new HashMap<>();
        Map<String, Long> signals = new HashMap<>();
        long last = 0;
        try (EventFile file = sample.open()) {
            ParsedLine line = file.next();
            while (line != null) {
                if (line instanceof ParsedLine.Event event) {
                    events.merge(event.tenant(), 1L, Long::sum);
                    signals.merge(event.signal(), 1L, Long::sum);
                    last = Math.max(last, event.eventNanos());
                }
                line = file.next();
            }
        }
        List<TenantConfig> tenants = new ArrayList<>();
        for (String text : largest(events, TENANTS)) {
            tenants.add(configuration(tenants, text));
        }
        while (tenants.size() < TENANTS) {
            tenants.add(configuration(tenants, "quickstart-" + (tenants.size() + 1)));
        }
        String signal = signals.isEmpty() ? "departed" : largest(signals, 1).get(0);
        return new TenantPlan(List.copyOf(tenants), signal, last);
    }

    void create(Tidal tidal) {
        tenants.forEach(tidal::createTenant);
    }

    private static List<String> largest(Map<String, Long> counts, int limit) {
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(limit)
                .map(Map.Entry::getKey)
                .toList();
    }

    private static TenantConfig configuration(List<TenantConfig> before, String text) {
        int index = before.size();
        boolean number = text.matches("\\d{1,19}");
        long id = index + 1L;
        for (TenantConfig other : before) {
            id = other.id().value() == id ? id + TENANTS : id;
        }
        TenantConfig.Builder config = TenantConfig.builder(number ? TenantId.parse(text) : TenantId.of(id));
        return (number ? config : config.label(text))
                .maxSignalsPerSecond(1_000_000)
                .maxEntities(1_000_000)
                .maxStorageBytes(4L << 30)
                .pinnedShards(ReplicaId.of(RegionId.of(index), ShardId.of(index)))
                .build();
    }
}
