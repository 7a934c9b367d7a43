package io.tidaldb.server.http.openapi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.control.DrillOutcome;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;

/** The shapes of reconciliation, of faults between regions, and of drills. */
final class ClusterSchemas {

    private ClusterSchemas() {}

    static void addTo(SortedMap<String, ObjectNode> all) {
        all.put(
                "NewDrill",
                Schema.object()
                        .with("lose_region", Schema.types("integer", "string"))
                        .build());
        all.put("RegionDrill", drill());
        all.put(
                "Reconciliation",
                Schema.object()
                        .with("done", Schema.truth())
                        .with("slots", Schema.number())
                        .with("equal", Schema.number())
                        .with("records_lacking", Schema.number())
                        .with("writes_to_take_back", Schema.number())
                        .with("steps", Schema.list(step()))
                        .with("replicas", Schema.list(replica()))
                        .build());
        all.put(
                "NewPartition",
                Schema.object()
                        .with("from", Schema.list(Schema.types("integer", "string")))
                        .with("to", Schema.list(Schema.types("integer", "string")))
                        .with("for", Schema.text())
                        .build());
        all.put(
                "Partition",
                Schema.object()
                        .with("node", Schema.text())
                        .with("region", Schema.text())
                        .with("cut", Schema.list(Schema.text()))
                        .with("for_ms", Schema.number())
                        .build());
    }

    /** Returns the shape of what a tenant would lose with a region. */
    static ObjectNode recoveryPoint() {
        return Schema.object()
                .with("region", Schema.number())
                .with("loses", Schema.oneOf(names(ClusterHealth.Extent.values())))
                .with("records", Schema.types("integer", "null"))
                .with("ms", Schema.types("integer", "null"))
                .build();
    }

    private static ObjectNode drill() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("began", Schema.time())
                .with("outcome", Schema.oneOf(names(DrillOutcome.values())))
                .with("slots_moved", Schema.number())
                .with("rto_ms", Schema.types("integer", "null"))
                .with("lease_ms", Schema.types("integer"))
                .with("takeover_ms", Schema.types("integer", "null"))
                .with("back_ms", Schema.types("integer", "null"))
                .with("recovery_point", recoveryPoint())
                .build();
    }

    private static List<String> names(Enum<?>[] values) {
        return Arrays.stream(values).map(Enum::name).toList();
    }

    private static ObjectNode step() {
        return Schema.object()
                .with(
                        "action",
                        Schema.oneOf(Arrays.stream(Reconciliation.Action.values())
                                .map(each -> each.name().toLowerCase(Locale.ROOT))
                                .toList()))
                .with("tenant", Schema.id())
                .with("origin", Schema.types("string", "null"))
                .with("from", Schema.types("string", "null"))
                .with("to", Schema.text())
                .with("from_seqno", Schema.types("string", "null"))
                .with("to_seqno", Schema.types("string", "null"))
                .with("count", Schema.number())
                .build();
    }

    private static ObjectNode replica() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("replica", Schema.text())
                .with("node", Schema.text())
                .with("records", Schema.number())
                .with("counted_twice", Schema.number())
                .with("digest", Schema.types("string", "null"))
                .with("problem", Schema.types("string", "null"))
                .build();
    }
}
