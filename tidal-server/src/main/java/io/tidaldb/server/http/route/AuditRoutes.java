package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.core.audit.AuditPage;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import java.util.List;

/** Who changed what. */
final class AuditRoutes {

    private static final long LIMIT = 100;
    private static final long MAX_LIMIT = 1_000;

    private final NodeState node;

    AuditRoutes(NodeState node) {
        this.node = node;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                                Method.GET,
                                "/v1/audit/access",
                                Access.OPERATOR,
                                "Shows what operators asked of this node, and whom it has refused")
                        .query("from", Schema.count(), "Number of the first entry, from 1; 0 or none: the newest")
                        .query("limit", Schema.count(), "How many at most, 1 to 1,000; by default 100")
                        .answers(200, "The entries, in order of number", Schema.ref("Audit"))
                        .by(this::listAccess),
                Route.of(
                                Method.GET,
                                "/v1/audit",
                                Access.READ_IN_QUERY,
                                "Shows who changed what, as this node knows it; a tenant's token sees the tenant's entries")
                        .query("from", Schema.count(), "Number of the first entry, from 1; 0 or none: the newest")
                        .query("limit", Schema.count(), "How many at most, 1 to 1,000; by default 100")
                        .query("tenant", Schema.id(), "Whose entries")
                        .answers(200, "The entries, in order of number", Schema.ref("Audit"))
                        .by(this::list));
    }

    private void list(Exchange exchange) {
        int limit = limit(exchange);
        TenantId tenant = exchange.query("tenant").map(TenantId::parse).orElse(null);
        long from = from(exchange);
        if (from == 0) {
            from = Math.max(1, exchange.tidal().audit(1, 1, null).newest() - limit + 1);
        }
        answer(exchange, exchange.tidal().audit(from, limit, tenant));
    }

    private void listAccess(Exchange exchange) {
        int limit = limit(exchange);
        long from = from(exchange);
        if (from == 0) {
            from = Math.max(1, node.access().read(1, 1).newest() - limit + 1);
        }
        answer(exchange, node.access().read(from, limit));
    }

    private static int limit(Exchange exchange) {
        long limit = number(exchange, "limit", LIMIT);
        if (limit < 1 || limit > MAX_LIMIT) {
            throw TidalException.invalid(
                    "query parameter limit is " + limit + ": expected a whole number from 1 to " + MAX_LIMIT);
        }
        return (int) limit;
    }

    private static long from(Exchange exchange) {
        long from = number(exchange, "from", 0);
        if (from < 0) {
            throw TidalException.invalid(
                    "query parameter from is " + from + ": expected the number of an entry, from 1");
        }
        return from;
    }

    private static void answer(Exchange exchange, AuditPage page) {
        ObjectNode result = Json.object();
        ArrayNode entries = result.putArray("entries");
        page.entries().forEach(entry -> entries.add(AuditLine.object(entry)));
        exchange.answer(
                200,
                result.put("next", page.next()).put("newest", page.newest()).put("head", AuditLine.hex(page.head())));
    }

    private static long number(Exchange exchange, String name, long otherwise) {
        try {
            return exchange.query(name).map(Long::parseLong).orElse(otherwise);
        } catch (NumberFormatException e) {
            throw TidalException.invalid("query parameter " + name + " is not a whole number");
        }
    }
}
