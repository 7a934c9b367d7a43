package io.tidaldb.server.http.route;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.http.body.Keys;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import java.util.Arrays;
import java.util.Optional;

/** What all writes of records may be asked for with. */
final class Writes {

    private Writes() {}

    /** Begins a route that writes records. */
    static Route.Builder route(String path, String summary) {
        return Route.of(Method.POST, path, Access.WRITE, summary)
                .query(
                        "durability",
                        Schema.oneOf(Arrays.stream(Durability.values())
                                .map(Enum::name)
                                .toList()),
                        "When the write is acknowledged; the tenant's own level unless given")
                .query(
                        "region",
                        Schema.text(),
                        "Whose replicas take the write, of a tenant with writes EVERYWHERE; the nearest unless given")
                .header(
                        "Idempotency-Key",
                        Schema.text(),
                        "Names the write: a retry under the same key has no second effect and returns the first result");
    }

    /** Returns how a write is asked for. */
    static WriteOptions options(Exchange exchange) {
        WriteOptions options = WriteOptions.DEFAULT;
        Optional<Durability> level = exchange.query("durability").map(TenantRoutes::durability);
        if (level.isPresent()) {
            options = options.with(level.get());
        }
        options = exchange.query("region").map(RegionId::parse).map(options::in).orElse(options);
        Optional<String> key = exchange.header("Idempotency-Key");
        return key.isPresent() ? options.with(Keys.of(key.get())) : options;
    }
}
