package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.body.Text;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.SessionEventText;
import io.tidaldb.server.view.UserView;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Hard negatives and sessions. */
final class UserRoutes {

    private static final String NEGATIVES = "/v1/tenants/{tenant}/hard-negatives";
    private static final String SESSIONS = "/v1/tenants/{tenant}/sessions";

    List<Route> routes() {
        return List.of(
                Writes.route(
                                NEGATIVES,
                                "Says that a user does not want to see an entity: rankings for the user leave it out")
                        .body(MediaTypes.JSON, Schema.ref("NewHardNegative"))
                        .answers(200, "Where the write ended", Schema.ref("Written"))
                        .by(this::hide),
                Writes.route(
                                NEGATIVES + "/withdrawals",
                                "Withdraws the hard negatives that it names, or all of a kind that are there")
                        .body(MediaTypes.JSON, Schema.ref("Withdrawal"))
                        .answers(200, "Where the write ended", Schema.ref("Written"))
                        .by(this::withdraw),
                Route.of(Method.GET, NEGATIVES, Access.READ, "Lists what a user does not want to see")
                        .query("user", Schema.text(), "The user's number")
                        .query(ReadRoutes.FRESHNESS)
                        .answers(200, "The hard negatives, by entity", Schema.ref("HardNegatives"))
                        .by(this::negatives),
                Route.of(
                                Method.POST,
                                "/v1/tenants/{tenant}/visible",
                                Access.READ,
                                "Returns those of some entities that a user may see")
                        .body(MediaTypes.JSON, Schema.ref("Filter"))
                        .answers(200, "The entities, in the order of the question", Schema.ref("Visible"))
                        .by(this::visible),
                Writes.route(SESSIONS, "Starts a session of a user: its write number 1")
                        .body(MediaTypes.JSON, Schema.ref("NewSession"))
                        .answers(200, "Where the write ended", Schema.ref("Written"))
                        .by(this::start),
                Writes.route(SESSIONS + "/{session}/writes", "Writes to a session, or closes it")
                        .body(MediaTypes.JSON, Schema.ref("SessionWrite"))
                        .answers(200, "Where the write ended", Schema.ref("Written"))
                        .by(this::write),
                Route.of(Method.GET, SESSIONS + "/{session}", Access.READ, "Reads a session")
                        .query(ReadRoutes.FRESHNESS)
                        .answers(200, "The session", Schema.ref("Session"))
                        .by(this::session));
    }

    private void hide(Exchange exchange) throws IOException {
        HardNegatives negatives = exchange.tenant().negatives();
        Fields fields = exchange.body();
        NegativeKind kind = kind(fields);
        EntityId user = id(fields, "user");
        EntityId entity = id(fields, "entity");
        fields.end();
        exchange.answerLater(
                200,
                negatives.addAsync(kind, user, entity, Writes.options(exchange)).thenApply(UserView::written));
    }

    private void withdraw(Exchange exchange) throws IOException {
        HardNegatives negatives = exchange.tenant().negatives();
        Fields fields = exchange.body();
        NegativeKind kind = kind(fields);
        EntityId user = id(fields, "user");
        EntityId entity = id(fields, "entity");
        Optional<List<String>> records = fields.list("records");
        fields.end();
        WriteOptions options = Writes.options(exchange);
        Position position = records.isEmpty()
                ? negatives.withdraw(kind, user, entity, options)
                : negatives.withdraw(
                        kind,
                        user,
                        entity,
                        records.get().stream().map(WalSegmentId::parse).toList(),
                        options);
        exchange.answer(200, UserView.written(position));
    }

    private static NegativeKind kind(Fields fields) {
        return fields.value("kind", UserRoutes::kind).orElse(NegativeKind.HIDE);
    }

    static NegativeKind kind(String text) {
        return Arrays.stream(NegativeKind.values())
                .filter(kind -> kind.name().toLowerCase(Locale.ROOT).equals(text))
                .findFirst()
                .orElseThrow(() ->
                        TidalException.invalid("kind of a hard negative is not known: expected hide, mute or block"));
    }

    private static EntityId id(Fields fields, String name) {
        return fields.value(name, EntityId::parse)
                .orElseThrow(() -> TidalException.invalid("field " + name + " is missing: expected a number"));
    }

    private void negatives(Exchange exchange) {
        EntityId user = exchange.query("user")
                .map(EntityId::parse)
                .orElseThrow(() -> TidalException.invalid("query parameter user is missing"));
        exchange.answer(200, UserView.negatives(exchange.tenant().negatives().of(user, ReadRoutes.options(exchange))));
    }

    private void visible(Exchange exchange) throws IOException {
        HardNegatives negatives = exchange.tenant().negatives();
        Fields fields = exchange.body();
        EntityId user = id(fields, "user");
        List<EntityId> entities = fields
                .list("entities")
                .orElseThrow(() -> TidalException.invalid("field entities is missing: expected a list of numbers"))
                .stream()
                .map(EntityId::parse)
                .toList();
        ReadOptions options = ReadRoutes.freshness(fields);
        fields.end();
        ObjectNode result = Json.object();
        ArrayNode visible = result.putArray("entities");
        negatives.visible(user, entities, options).forEach(entity -> visible.add(entity.toString()));
        exchange.answer(200, result);
    }

    private void start(Exchange exchange) throws IOException {
        Fields fields = exchange.body();
        SessionId session = fields.value("session", SessionId::parse)
                .orElseThrow(() -> TidalException.invalid(
                        "field session is missing: expected an unsigned 64-bit number, drawn at random"));
        EntityId user = id(fields, "user");
        fields.end();
        write(exchange, session, SessionSeqNo.FIRST, new SessionEvent.Start(user));
    }

    private void write(Exchange exchange) throws IOException {
        SessionId session = SessionId.parse(exchange.path("session"));
        Fields fields = exchange.body();
        SessionSeqNo number = fields.value("number", UserRoutes::number)
                .orElseThrow(() -> TidalException.invalid(
                        "field number is missing: expected that of the session's last write and one"));
        SessionEvent event = SessionEventText.parse(fields::scalar);
        fields.end();
        write(exchange, session, number, event);
    }

    private static void write(Exchange exchange, SessionId session, SessionSeqNo number, SessionEvent event) {
        exchange.answerLater(
                200,
                exchange.tenant()
                        .sessions()
                        .writeAsync(session, number, event, Writes.options(exchange))
                        .thenApply(UserView::written));
    }

    private static SessionSeqNo number(String text) {
        if (text.matches("\\d{1,9}")) {
            return SessionSeqNo.of(Integer.parseInt(text));
        }
        throw TidalException.invalid("number \"" + Text.safe(text)
                + "\" of a session's write is out of range: expected 1 to " + SessionSeqNo.MAX);
    }

    private void session(Exchange exchange) {
        SessionId session = SessionId.parse(exchange.path("session"));
        exchange.answer(
                200, UserView.session(exchange.tenant().sessions().read(session, ReadRoutes.options(exchange))));
    }
}
