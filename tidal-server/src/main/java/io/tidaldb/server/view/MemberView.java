package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.core.Membership;
import io.tidaldb.server.importing.Json;

/** A node of the cluster as JSON. */
public final class MemberView {

    private MemberView() {}

    /** Returns what is agreed on a node. */
    public static ObjectNode of(Membership.Member member) {
        NodeId successor = member.successor();
        ObjectNode result = Json.object()
                .put("node", member.node().name())
                .put("region", member.region().value())
                .put("address", member.address())
                .put("votes", member.votes())
                .put("removed", member.removed())
                .put("replaced_by", successor == null ? null : successor.name());
        ArrayNode replicas = result.putArray("replicas");
        member.replicas().forEach(each -> replicas.add(each.toString()));
        ArrayNode filling = result.putArray("filling");
        member.filling().forEach(each -> filling.add(each.toString()));
        return result;
    }
}
