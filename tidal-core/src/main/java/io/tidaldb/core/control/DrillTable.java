package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The last drill of each tenant that ever had one. Confined to whoever applies. */
final class DrillTable {

    /** Whoever has not ended one until then is gone: what it had handed over is on its way back by itself. */
    private static final Duration LONGEST = Duration.ofMinutes(2);

    private final SortedMap<TenantId, DrillRecord> last = new TreeMap<>();

    Reply begin(DrillRecord drill) {
        DrillRecord before = last.get(drill.tenant());
        if (before != null
                && before.outcome() == DrillOutcome.RUNNING
                && before.began().plus(LONGEST).isAfter(drill.began())) {
            return new Reply.Refused(
                    ErrorCode.UNSAFE,
                    "a drill of tenant " + drill.tenant() + " has begun at " + before.began()
                            + " and is not over: wait until it is, " + LONGEST.toMinutes() + " minutes at most");
        }
        last.put(drill.tenant(), drill);
        return new Reply.Done(0);
    }

    Reply end(DrillRecord drill) {
        DrillRecord known = last.get(drill.tenant());
        if (known == null || !known.began().equals(drill.began())) {
            return new Reply.Refused(
                    ErrorCode.NOT_OWNER,
                    "the drill of tenant " + drill.tenant() + " that began at " + drill.began()
                            + " has taken too long: another one has begun since, or the tenant is gone");
        }
        last.put(drill.tenant(), drill);
        return new Reply.Done(0);
    }

    void forget(TenantId tenant) {
        last.remove(tenant);
    }

    @Nullable
    DrillRecord of(TenantId tenant) {
        return last.get(tenant);
    }

    SortedMap<TenantId, DrillRecord> all() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(last));
    }

    void replaceWith(DrillTable other) {
        last.clear();
        last.putAll(other.last);
    }

    void put(ObjectNode state) {
        ArrayNode array = state.putArray("drills");
        last.values().forEach(each -> put(array.addObject(), each));
    }

    void read(JsonNode state) {
        for (JsonNode json : state.path("drills")) {
            DrillRecord drill = drill(json);
            last.put(drill.tenant(), drill);
        }
    }

    // A drill

    static ObjectNode put(ObjectNode json, DrillRecord drill) {
        json.put("tenant", Long.toUnsignedString(drill.tenant().value()))
                .put("region", drill.lost().value())
                .put("loses", drill.loses())
                .put("records", drill.records())
                .put("millis", drill.millis())
                .put("began_ms", drill.began().toEpochMilli())
                .put("outcome", drill.outcome().name())
                .put("moved", drill.moved())
                .put("lease_ms", drill.lease().toMillis());
        putMillis(json, "takeover_ms", drill.takeover());
        putMillis(json, "back_ms", drill.back());
        return json;
    }

    private static void putMillis(ObjectNode json, String name, @Nullable Duration span) {
        if (span != null) {
            json.put(name, span.toMillis());
        }
    }

    static DrillRecord drill(JsonNode json) {
        return new DrillRecord(
                TenantId.parse(json.path("tenant").asText()),
                RegionId.of(json.path("region").asInt()),
                json.path("loses").asText(),
                json.path("records").asLong(),
                json.path("millis").asLong(),
                Instant.ofEpochMilli(json.path("began_ms").asLong()),
                DrillOutcome.valueOf(json.path("outcome").asText()),
                json.path("moved").asInt(),
                Duration.ofMillis(json.path("lease_ms").asLong()),
                millis(json, "takeover_ms"),
                millis(json, "back_ms"));
    }

    private static @Nullable Duration millis(JsonNode json, String name) {
        return json.has(name) ? Duration.ofMillis(json.path(name).asLong()) : null;
    }
}
