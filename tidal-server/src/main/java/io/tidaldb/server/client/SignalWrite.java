package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.importing.Json;
import java.util.ArrayList;
import java.util.List;

/** Signals that are recorded in one request, whole or not at all. */
public final class SignalWrite {

    private SignalWrite() {}

    /** Returns a request that can be repeated: under the key of the options, or one of its own. */
    public static Request request(TenantId tenant, List<Signal> signals, WriteOptions options) {
        ArrayNode body = Json.object().arrayNode(signals.size());
        signals.forEach(signal -> describe(body.addObject(), signal));
        return Request.write(ServerTenants.path(tenant) + "/signals", body, options);
    }

    private static void describe(ObjectNode result, Signal signal) {
        result.put("signal", signal.type()).put("entity", signal.entity().toString());
        if (signal.name() != null) {
            result.put("entity_name", signal.name());
        }
        result.put("weight", signal.weight());
        if (signal.eventNanos() != Signal.NOW) {
            result.put("ts", Long.toString(signal.eventNanos()));
        }
    }

    /** Returns where the signals ended, as the server says. */
    public static Position position(JsonNode answer) {
        List<String> positions = new ArrayList<>();
        answer.path("positions").forEach(position -> positions.add(position.asText()));
        if (positions.isEmpty()) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED, "the server's answer names no position: is it of another version?");
        }
        return Position.parse(String.join(",", positions));
    }
}
