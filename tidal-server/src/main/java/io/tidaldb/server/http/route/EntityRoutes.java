package io.tidaldb.server.http.route;

import io.tidaldb.api.EntityId;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.view.EntityErasureView;
import java.util.List;

/** The erasure of entities. */
final class EntityRoutes {

    List<Route> routes() {
        return List.of(
                Route.of(
                                Method.DELETE,
                                "/v1/tenants/{tenant}/entities/{entity}",
                                Access.OPERATOR,
                                "Erases an entity: signals, name, hard negatives, and sessions in which it takes part")
                        .answers(200, "Which nodes have nothing of it in any file by now", Schema.ref("EntityErasure"))
                        .by(this::erase),
                Route.of(
                                Method.GET,
                                "/v1/erasures/entities",
                                Access.OPERATOR,
                                "Lists what has become of erased entities: which nodes have nothing of them in any file")
                        .answers(200, "The certificates, oldest first", Schema.ref("EntityErasures"))
                        .by(exchange -> exchange.answer(
                                200, EntityErasureView.list(exchange.tidal().entityErasures()))));
    }

    private void erase(Exchange exchange) {
        EntityId entity = EntityId.parse(exchange.path("entity"));
        EntityErasure erasure = exchange.acting().eraseEntity(exchange.tenantId(), entity);
        exchange.answer(200, EntityErasureView.of(erasure));
    }
}
