package io.tidaldb.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.view.ReconciliationView;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** What replicas lack of each other. */
final class ReconciliationRoutes {

    private static final String DRY_RUN = "dry_run";

    List<Route> routes() {
        return List.of(Route.of(
                        Method.POST,
                        "/v1/cluster/reconciliation",
                        Access.OPERATOR,
                        "Has replicas compare and fill each other, and says what they lack: ask again until it is done")
                .query("tenant", Schema.id(), "Only this tenant; then all its replicas are listed")
                .query(DRY_RUN, Schema.truth(), "Only say what they lack")
                .answers(200, "What they lack", Schema.ref("Reconciliation"))
                .by(ReconciliationRoutes::reconcile));
    }

    private static void reconcile(Exchange exchange) {
        @Nullable
        TenantId tenant = exchange.query("tenant").map(TenantId::parse).orElse(null);
        Tidal tidal = exchange.acting();
        Reconciliation plan = exchange.truth(DRY_RUN) ? tidal.reconciliation(tenant) : tidal.reconcile(tenant);
        exchange.answer(200, ReconciliationView.of(plan, tenant != null));
    }

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
