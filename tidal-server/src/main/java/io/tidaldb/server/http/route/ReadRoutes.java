package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Tenant;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.body.Text;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.TimeText;
import io.tidaldb.server.view.Numbers;
import io.tidaldb.server.view.ReadingView;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Reads: scores, counts, rankings, totals. */
final class ReadRoutes {

    private static final int MAX_ENTITIES = 10_000;
    private static final int DEFAULT_TOP = 10;

    private static final long MAX_WAIT_MILLIS = 30_000;

    /** How fresh an answer is to be. */
    static final List<Route.Parameter> FRESHNESS = List.of(
            new Route.Parameter(
                    "min_position",
                    Schema.text(),
                    "What the read must have seen at least, as writes returned it: r0:s0:42,r1:s0:2"),
            new Route.Parameter(
                    "wait_ms",
                    Schema.text(),
                    "How many milliseconds a replica is waited for that has not seen min_position, up to 30,000; 0 unless given"),
            new Route.Parameter("region", Schema.text(), "Whose replicas answer; those that take writes unless given"));

    private static final List<Route.Parameter> OPTIONS = options();

    private static List<Route.Parameter> options() {
        List<Route.Parameter> options = new ArrayList<>(FRESHNESS);
        options.add(new Route.Parameter(
                "at", Schema.text(), "The time to judge by: ISO-8601 or nanoseconds since 1970; now unless given"));
        return List.copyOf(options);
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                                Method.GET,
                                "/v1/tenants/{tenant}/entities/{entity}/signals/{signal}",
                                Access.READ,
                                "Reads what the signals of a type say about an entity; zeros if there are none")
                        .query(OPTIONS)
                        .query(
                                "by",
                                Schema.oneOf(List.of("id", "name")),
                                "Whether the entity is a number or a name; id unless given")
                        .answers(200, "The reading", Schema.ref("Reading"))
                        .by(this::entity),
                Route.of(Method.POST, "/v1/tenants/{tenant}/reads", Access.READ, "Reads many entities in one call")
                        .body(MediaTypes.JSON, Schema.ref("Reads"))
                        .answers(200, "The readings, in the order of the question", Schema.ref("Readings"))
                        .by(this::entities),
                Route.of(
                                Method.GET,
                                "/v1/tenants/{tenant}/top",
                                Access.READ,
                                "Ranks the entities with the highest scores")
                        .query("signal", Schema.text(), "A declared type of signal")
                        .query("k", Schema.text(), "How many, 1 to 10,000; 10 unless given")
                        .query(
                                "user",
                                Schema.text(),
                                "The number of the user who asks, whose hard negatives are left out; nobody unless given")
                        .query(OPTIONS)
                        .answers(200, "The ranking, highest first", Schema.ref("Ranking"))
                        .by(this::top),
                Route.of(
                                Method.GET,
                                "/v1/tenants/{tenant}/signals/{signal}",
                                Access.READ,
                                "Counts all events and distinct entities of a type of signal")
                        .answers(200, "The counts", Schema.ref("Total"))
                        .by(this::total));
    }

    private void entity(Exchange exchange) {
        Tenant tenant = exchange.tenant();
        String signal = exchange.path("signal");
        String entity = exchange.path("entity");
        ReadOptions options = options(exchange);
        Reading reading = switch (exchange.query("by").orElse("id")) {
            case "id" -> tenant.read(signal, EntityId.parse(entity).value(), options);
            case "name" -> tenant.read(signal, entity, options);
            default -> throw TidalException.invalid("by is not known: expected id or name");
        };
        exchange.answer(200, ReadingView.of(signal, reading));
    }

    private void entities(Exchange exchange) throws IOException {
        Fields fields = exchange.body();
        String signal = fields.scalar("signal").orElseThrow(() -> TidalException.invalid("field signal is missing"));
        List<EntityId> entities = new ArrayList<>();
        fields.list("entities").ifPresent(ids -> ids.forEach(id -> entities.add(EntityId.parse(id))));
        fields.list("entity_names").ifPresent(names -> names.forEach(name -> entities.add(EntityNames.idOf(name))));
        if (entities.size() > MAX_ENTITIES) {
            throw TidalException.invalid(
                    "a read of " + entities.size() + " entities is out of range: expected at most " + MAX_ENTITIES);
        }
        ReadOptions options = freshness(fields);
        options = fields.value("at", ReadRoutes::time).map(options::asOf).orElse(options);
        fields.end();
        ObjectNode result = Json.object();
        ArrayNode readings = result.putArray("readings");
        exchange.tenant()
                .readAll(signal, entities, options)
                .forEach(reading -> readings.add(ReadingView.of(signal, reading)));
        exchange.answer(200, result);
    }

    private void top(Exchange exchange) {
        Tenant tenant = exchange.tenant();
        String signal =
                exchange.query("signal").orElseThrow(() -> TidalException.invalid("query parameter signal is missing"));
        int k = exchange.query("k").map(ReadRoutes::number).orElse(DEFAULT_TOP);
        ObjectNode result = described(tenant, signal);
        ReadOptions options = options(exchange);
        options = exchange.query("user")
                .map(EntityId::parse)
                .map(options::forUser)
                .orElse(options);
        result.set("entities", ReadingView.ranking(tenant.top(signal, k, options)));
        exchange.answer(200, result);
    }

    private void total(Exchange exchange) {
        Tenant tenant = exchange.tenant();
        String signal = exchange.path("signal");
        ObjectNode result = described(tenant, signal);
        Numbers.put(result, "total", tenant.total(signal));
        Numbers.put(result, "entities", tenant.entities(signal));
        exchange.answer(200, result);
    }

    private static ObjectNode described(Tenant tenant, String signal) {
        return Json.object()
                .put("tenant", Long.toUnsignedString(tenant.id().value()))
                .put("signal", signal);
    }

    static ReadOptions options(Exchange exchange) {
        ReadOptions options = freshness(exchange::query);
        return exchange.query("at").map(ReadRoutes::time).map(options::asOf).orElse(options);
    }

    static ReadOptions freshness(Fields fields) {
        return freshness(fields::scalar);
    }

    private static ReadOptions freshness(Function<String, Optional<String>> fields) {
        ReadOptions options = ReadOptions.DEFAULT;
        options = fields.apply("min_position")
                .map(Position::parse)
                .map(options::atLeast)
                .orElse(options);
        options = fields.apply("wait_ms")
                .map(ReadRoutes::wait)
                .map(options::waiting)
                .orElse(options);
        return fields.apply("region").map(RegionId::parse).map(options::in).orElse(options);
    }

    private static Duration wait(String text) {
        if (text.matches("\\d{1,5}") && Long.parseLong(text) <= MAX_WAIT_MILLIS) {
            return Duration.ofMillis(Long.parseLong(text));
        }
        throw TidalException.invalid("wait_ms is out of range: expected 0 to " + MAX_WAIT_MILLIS);
    }

    private static Instant time(String text) {
        return EventTime.instant(TimeText.nanos(text));
    }

    private static int number(String text) {
        if (text.matches("\\d{1,9}")) {
            return Integer.parseInt(text);
        }
        throw TidalException.invalid("k \"" + Text.safe(text) + "\" is not a number: expected 1 to 10000");
    }
}
