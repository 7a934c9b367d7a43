package io.tidaldb.server.http.route;

import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.view.SignalTypeView;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Types of signal: which there are, and new ones. */
final class SignalTypeRoutes {

    List<Route> routes() {
        return List.of(
                Route.of(Method.GET, "/v1/signals", Access.KNOWN, "Lists the declared types of signal")
                        .answers(200, "The types, in order of index", Schema.ref("SignalTypes"))
                        .by(this::list),
                Route.of(
                                Method.POST,
                                "/v1/signals",
                                Access.OPERATOR,
                                "Declares a type of signal; one that is there with the same half-life stays as it is")
                        .body(MediaTypes.JSON, Schema.ref("NewSignalType"))
                        .answers(200, "The type", Schema.ref("SignalType"))
                        .by(this::declare));
    }

    private void list(Exchange exchange) {
        exchange.answer(200, SignalTypeView.list(exchange.tidal().signals()));
    }

    private void declare(Exchange exchange) throws IOException {
        Fields fields = exchange.body();
        String name = fields.scalar("name").orElseThrow(() -> TidalException.invalid("field name is missing"));
        Duration halfLife = fields.value("half_life", TimeSpan::parse)
                .orElseThrow(() -> TidalException.invalid("field half_life is missing: expected a duration, as 7d"));
        fields.end();
        exchange.answer(200, SignalTypeView.of(exchange.acting().declareSignal(name, halfLife)));
    }
}
