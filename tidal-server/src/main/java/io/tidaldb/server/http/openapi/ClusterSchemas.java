package io.tidaldb.server.http.openapi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Reconciliation;
import java.util.Arrays;
import java.util.Locale;
import java.util.SortedMap;

/** The shapes of reconciliation, and of faults between regions. */
final class ClusterSchemas {

    private ClusterSchemas() {}

    static void addTo(SortedMap<String, ObjectNode> all) {
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
