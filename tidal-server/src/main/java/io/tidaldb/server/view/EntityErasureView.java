package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.server.importing.Json;
import java.util.List;

/** What has become of entities that were erased, as JSON. */
public final class EntityErasureView {

    private EntityErasureView() {}

    /** Returns all certificates. */
    public static ObjectNode list(List<EntityErasure> erasures) {
        ObjectNode result = Json.object();
        ArrayNode array = result.putArray("erasures");
        erasures.forEach(each -> array.add(of(each)));
        return result;
    }

    /** Returns a certificate. */
    public static ObjectNode of(EntityErasure erasure) {
        ObjectNode result = Json.object()
                .put("number", erasure.number())
                .put("tenant", Long.toUnsignedString(erasure.tenant().value()))
                .put("entity", erasure.entity().toString())
                .put("asked_at", erasure.asked().toString())
                .put("complete", erasure.isComplete());
        ArrayNode nodes = result.putArray("nodes");
        erasure.nodes().forEach(each -> {
            ObjectNode node = nodes.addObject()
                    .put("node", each.node().name())
                    .put("erased_at", each.erased().map(Object::toString).orElse(null));
            ArrayNode through = node.putArray("through");
            each.through().forEach(through::add);
        });
        return result;
    }
}
