package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.RegionDrill;
import io.tidaldb.server.importing.Json;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What practising the loss of a region came to, as JSON; spans are in milliseconds, null where nothing was measured. */
public final class DrillView {

    private DrillView() {}

    /** Returns what is known of a drill. */
    public static ObjectNode of(RegionDrill drill) {
        ObjectNode result = Json.object()
                .put("tenant", Long.toUnsignedString(drill.tenant().value()))
                .put("began", drill.began().toString())
                .put("outcome", drill.outcome().name())
                .put("slots_moved", drill.moved())
                .put("rto_ms", millis(drill.recoveryTime().orElse(null)))
                .put("lease_ms", millis(drill.lease()))
                .put("takeover_ms", millis(drill.takeover()))
                .put("back_ms", millis(drill.back()));
        put(result.putObject("recovery_point"), drill.recoveryPoint());
        return result;
    }

    /** Fills in what would be lost with a region. */
    static void put(ObjectNode result, ClusterHealth.RecoveryPoint point) {
        result.put("region", point.region().value())
                .put("loses", point.extent().name())
                .put("records", point.records() < 0 ? null : (Long) point.records())
                .put("ms", point.millis() < 0 ? null : (Long) point.millis());
    }

    private static @Nullable Long millis(@Nullable Duration span) {
        return span == null ? null : span.toMillis();
    }
}
