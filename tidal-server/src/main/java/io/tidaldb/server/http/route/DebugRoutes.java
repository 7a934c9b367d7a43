package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Faults that are injected for drills: only into a node that was configured for it and that only its machine reaches. */
final class DebugRoutes {

    private final NodeState node;

    DebugRoutes(NodeState node) {
        this.node = node;
    }

    List<Route> routes() {
        return List.of(Route.of(
                        Method.POST,
                        "/v1/debug/partition",
                        Access.OPERATOR,
                        "Cuts the node's links to regions for a while; 422 unless its configuration says debug: true")
                .body(MediaTypes.JSON, Schema.ref("NewPartition"))
                .answers(200, "Which links are cut", Schema.ref("Partition"))
                .by(this::partition));
    }

    private void partition(Exchange exchange) throws IOException {
        Fields fields = exchange.body();
        List<RegionId> from = regions(fields, "from");
        List<RegionId> to = regions(fields, "to");
        Duration span = fields.value("for", TimeSpan::parse)
                .orElseThrow(() -> TidalException.invalid("field for is missing: expected a duration such as 30s"));
        fields.end();
        requireDebug();
        if (from.stream().anyMatch(to::contains)) {
            throw TidalException.invalid("a region is among both " + from + " and " + to + ": expected two sides");
        }
        List<NodeId> cut = List.of();
        if (from.contains(node.region())) {
            cut = exchange.acting().cutLinks(to, span);
        } else if (to.contains(node.region())) {
            cut = exchange.acting().cutLinks(from, span);
        }
        ObjectNode result = Json.object()
                .put("node", node.node())
                .put("region", node.region().toString());
        ArrayNode links = result.putArray("cut");
        cut.forEach(each -> links.add(each.name()));
        exchange.answer(200, result.put("for_ms", span.toMillis()));
    }

    private static List<RegionId> regions(Fields fields, String name) {
        List<RegionId> regions = fields
                .list(name)
                .orElseThrow(() -> TidalException.invalid("field " + name + " is missing: expected a list of regions"))
                .stream()
                .map(RegionId::parse)
                .toList();
        if (regions.isEmpty()) {
            throw TidalException.invalid("field " + name + " is empty: expected at least one region");
        }
        return regions;
    }

    private void requireDebug() {
        if (!node.takesFaults()) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "node " + node.node() + " takes no faults: expected debug: true in its configuration, and that"
                            + " http.listen and transport.listen are loopback addresses");
        }
    }
}
