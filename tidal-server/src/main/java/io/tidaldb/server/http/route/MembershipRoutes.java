package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Membership;
import io.tidaldb.server.config.Address;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.MemberView;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Which nodes the cluster has. */
final class MembershipRoutes {

    private static final String DRY_RUN = "dry_run";

    private final NodeState node;

    MembershipRoutes(NodeState node) {
        this.node = node;
    }

    List<Route> routes() {
        return List.of(
                Route.of(Method.GET, "/v1/cluster/nodes", Access.OPERATOR, "Lists the nodes that there are and were")
                        .answers(200, "The nodes", Schema.ref("Members"))
                        .by(this::list),
                Route.of(
                                Method.POST,
                                "/v1/cluster/nodes",
                                Access.OPERATOR,
                                "Lets a node join, or take the place of one that is gone for good")
                        .query(DRY_RUN, Schema.truth(), "Only tell whether it would be refused")
                        .body(MediaTypes.JSON, Schema.ref("NewMember"))
                        .answers(200, "What is agreed, or would be", Schema.ref("MemberChange"))
                        .by(this::add),
                Route.of(
                                Method.DELETE,
                                "/v1/cluster/nodes/{node}",
                                Access.OPERATOR,
                                "Removes a node that has no replicas, for good")
                        .query(DRY_RUN, Schema.truth(), "Only tell whether it would be refused")
                        .answers(200, "What is agreed", Schema.ref("MemberChange"))
                        .by(this::remove),
                Route.of(
                                Method.POST,
                                "/v1/cluster/init",
                                Access.OPERATOR,
                                "Makes a new cluster of the node and its peers, which wait for it; 409 if it is made")
                        .answers(200, "It is made", Schema.types("object"))
                        .by(this::init));
    }

    private void init(Exchange exchange) {
        node.init().init();
        exchange.answer(200, Json.object().put("cluster", node.cluster()).put("done", true));
    }

    private void list(Exchange exchange) {
        ObjectNode result = Json.object();
        ArrayNode nodes = result.putArray("nodes");
        exchange.tidal().membership().members().forEach(member -> nodes.add(MemberView.of(member)));
        exchange.answer(200, result);
    }

    private void add(Exchange exchange) throws IOException {
        Fields fields = exchange.body();
        NodeId node = fields.value("node", NodeId::of).orElseThrow(() -> missing("node", "the new node's name"));
        Address address = fields.value("address", Address::parse)
                .orElseThrow(() -> missing("address", "where the others reach the new node, HOST:PORT"));
        Optional<NodeId> replaces = fields.value("replaces", NodeId::of);
        Optional<RegionId> region = fields.value("region", RegionId::parse);
        boolean dryRun = exchange.truth(DRY_RUN);
        fields.end();
        if (replaces.isPresent() == region.isPresent()) {
            throw TidalException.invalid(
                    "expected one of \"replaces\", the node whose place is taken, and \"region\", for a node without replicas");
        }
        Membership membership = exchange.acting().membership();
        if (replaces.isPresent()) {
            membership.replace(replaces.get(), node, address.toString(), dryRun);
        } else {
            membership.add(node, region.orElseThrow(), address.toString(), dryRun);
        }
        ObjectNode result = Json.object().put("node", node.name()).put("done", !dryRun);
        replaces.ifPresent(gone -> result.put("replaces", gone.name()));
        exchange.answer(200, result);
    }

    private void remove(Exchange exchange) {
        NodeId node = NodeId.of(exchange.path("node"));
        boolean dryRun = exchange.truth(DRY_RUN);
        exchange.acting().membership().remove(node, dryRun);
        exchange.answer(200, Json.object().put("node", node.name()).put("done", !dryRun));
    }

    private static TidalException missing(String field, String what) {
        return TidalException.invalid("field " + field + " is missing: expected " + what);
    }
}
