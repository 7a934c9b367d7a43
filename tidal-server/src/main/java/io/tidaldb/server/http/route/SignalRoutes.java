package io.tidaldb.server.http.route;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.http.body.RequestJson;
import io.tidaldb.server.http.body.SignalJson;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.Numbers;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes. */
final class SignalRoutes {

    private static final int MAX_SIGNALS = 100_000;

    List<Route> routes() {
        return List.of(Writes.route(
                        "/v1/tenants/{tenant}/signals",
                        "Records signals: an array whole or not at all, NDJSON in chunks of up to 1,000 lines")
                .body(MediaTypes.JSON, Schema.list(Schema.ref("Signal")))
                .body(MediaTypes.NDJSON, Schema.ref("Signal"))
                .answers(200, "How many are acknowledged, and where they ended", Schema.ref("Accepted"))
                .by(this::record));
    }

    private void record(Exchange exchange) throws IOException {
        Tenant tenant = exchange.tenant();
        WriteOptions options = Writes.options(exchange);
        if (exchange.mediaType().equals(MediaTypes.NDJSON)) {
            new NdjsonUpload(exchange, tenant, options).begin();
            return;
        }
        List<Signal> signals = array(exchange.stream(), tenant.id());
        if (signals.isEmpty()) {
            exchange.answer(200, accepted(0, null));
            return;
        }
        exchange.answerLater(
                200, tenant.recordAllAsync(signals, options).thenApply(position -> accepted(signals.size(), position)));
    }

    private static List<Signal> array(InputStream body, TenantId tenant) throws IOException {
        List<Signal> signals = new ArrayList<>();
        try (JsonParser parser = RequestJson.parser(body)) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw TidalException.invalid("the body is not a JSON array of signals; one signal is an array, too");
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (signals.size() == MAX_SIGNALS) {
                    throw new Refusal(
                            Refusal.Code.BODY_TOO_LARGE,
                            "the array is too long: expected at most " + MAX_SIGNALS
                                    + " signals; split it, or send NDJSON");
                }
                signals.add(signal(parser, tenant, signals.size()));
            }
            if (parser.nextToken() != null) {
                throw TidalException.invalid("the body goes on after the array");
            }
        } catch (JsonProcessingException e) {
            throw RequestJson.malformed("the body", e);
        } catch (CharConversionException e) {
            throw RequestJson.malformed("the body", e);
        }
        return signals;
    }

    private static Signal signal(JsonParser parser, TenantId tenant, int index) throws IOException {
        try {
            return SignalJson.read(parser, tenant);
        } catch (TidalException e) {
            throw TidalException.invalid("signal [" + index + "]: " + e.getMessage());
        }
    }

    static ObjectNode accepted(long signals, @Nullable Position position) {
        ObjectNode result = Numbers.put(Json.object(), "accepted", signals);
        ArrayNode positions = result.putArray("positions");
        if (position != null) {
            position.records().forEach(record -> positions.add(record.toString()));
        }
        return result;
    }
}
