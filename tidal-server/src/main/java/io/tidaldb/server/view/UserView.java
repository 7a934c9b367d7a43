package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.HardNegative;
import io.tidaldb.core.Position;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Session;
import io.tidaldb.core.SessionEntry;
import io.tidaldb.server.importing.ActLine;
import io.tidaldb.server.importing.Json;
import java.util.List;
import java.util.Locale;

/** What users did that is no signal, as JSON. */
public final class UserView {

    private UserView() {}

    /** Returns where a write ended. */
    public static ObjectNode written(Position position) {
        ObjectNode result = Json.object();
        ArrayNode positions = result.putArray("positions");
        position.records().forEach(record -> positions.add(record.toString()));
        return result;
    }

    /** Returns hard negatives, in order. */
    public static ObjectNode negatives(List<HardNegative> negatives) {
        ObjectNode result = Json.object();
        ArrayNode all = result.putArray("hard_negatives");
        negatives.forEach(each -> all.addObject()
                .put("kind", each.kind().name().toLowerCase(Locale.ROOT))
                .put("user", each.user().toString())
                .put("entity", each.entity().toString())
                .put("record", each.record().toString()));
        return result;
    }

    /** Returns a session. */
    public static ObjectNode session(Session session) {
        ObjectNode result = Json.object()
                .put("session", session.id().toString())
                .put("user", session.user().toString())
                .put("closed", session.closed())
                .put("high_water_mark", session.highWaterMark().value());
        ObjectNode marks = result.putObject("written_by");
        session.writtenBy().forEach((origin, number) -> marks.put(origin.toString(), number.value()));
        ObjectNode preferences = result.putObject("preferences");
        session.preferences().forEach(preferences::put);
        ArrayNode writes = result.putArray("writes");
        session.entries().forEach(entry -> writes.add(entry(entry)));
        return result.put("replica", session.replica().toString())
                .put(
                        "staleness_ms",
                        session.staleness().equals(Reading.UNKNOWN_STALENESS)
                                ? null
                                : (Long) session.staleness().toMillis());
    }

    private static ObjectNode entry(SessionEntry entry) {
        ObjectNode result = Json.object().put("number", entry.number().value());
        ActLine.describe(entry.event(), result);
        return result.put("at", entry.at().toString())
                .put("position", entry.position().toString())
                .put("hlc", Long.toUnsignedString(entry.hlc()));
    }
}
