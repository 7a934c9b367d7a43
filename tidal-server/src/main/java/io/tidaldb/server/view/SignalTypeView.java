package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.SignalType;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.importing.Json;
import java.util.List;

/** Types of signal as JSON. */
public final class SignalTypeView {

    private SignalTypeView() {}

    /** Returns the type. */
    public static ObjectNode of(SignalType type) {
        return Json.object()
                .put("index", type.index())
                .put("name", type.name())
                .put("half_life", TimeSpan.print(type.halfLife()));
    }

    /** Returns all types. */
    public static ObjectNode list(List<SignalType> types) {
        ObjectNode result = Json.object();
        ArrayNode all = result.putArray("signals");
        types.forEach(type -> all.add(of(type)));
        return result;
    }
}
