package io.tidaldb.server.http.route;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.view.ReconciliationView;
import java.util.List;
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
}
