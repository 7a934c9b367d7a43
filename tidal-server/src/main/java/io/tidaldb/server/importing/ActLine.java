package io.tidaldb.server.importing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.RecordedAct;
import io.tidaldb.core.SessionEvent;
import java.util.Locale;

/** What a user did as a line of NDJSON. */
public final class ActLine {

    private ActLine() {}

    /**
     * Reads what {@link #of} returned.
     *
     * @throws TidalException INVALID_ARGUMENT if the text is no object
     */
    public static ObjectNode parse(String text) {
        try {
            if (Json.read(text) instanceof ObjectNode line) {
                return line;
            }
        } catch (JsonProcessingException e) {
            throw TidalException.invalid("not an exported act: " + Quoted.of(text));
        }
        throw TidalException.invalid("not an exported act: " + Quoted.of(text));
    }

    /** Returns the line; it has the field {@code session} or {@code kind}. */
    public static ObjectNode of(TenantId tenant, RecordedAct act) {
        ObjectNode line = Json.object()
                .put("tenant", Long.toUnsignedString(tenant.value()))
                .put("position", act.position().toString())
                .put("hlc", Long.toUnsignedString(act.hlc()));
        if (act instanceof RecordedAct.InSession write) {
            line.put("session", write.session().toString())
                    .put("number", write.number().value())
                    .put("ts", write.at().toString());
            describe(write.event(), line);
        } else if (act instanceof RecordedAct.Hidden hidden) {
            line.put("type", "hidden")
                    .put("kind", hidden.kind().name().toLowerCase(Locale.ROOT))
                    .put("user", hidden.user().toString())
                    .put("entity", hidden.entity().toString());
        } else if (act instanceof RecordedAct.Withdrawn withdrawn) {
            line.put("type", "withdrawn")
                    .put("kind", withdrawn.kind().name().toLowerCase(Locale.ROOT))
                    .put("user", withdrawn.user().toString())
                    .put("entity", withdrawn.entity().toString());
            ArrayNode records = line.putArray("records");
            withdrawn.records().forEach(each -> records.add(each.toString()));
        }
        return line;
    }

    /** Adds the type and the fields of what was written. */
    public static void describe(SessionEvent event, ObjectNode result) {
        if (event instanceof SessionEvent.Start start) {
            result.put("type", "start").put("user", start.user().toString());
        } else if (event instanceof SessionEvent.Preference preference) {
            result.put("type", "preference").put("key", preference.key()).put("value", preference.value());
        } else if (event instanceof SessionEvent.Annotation annotation) {
            result.put("type", "annotation")
                    .put("entity", annotation.entity().toString())
                    .put("text", annotation.text());
        } else if (event instanceof SessionEvent.Query query) {
            result.put("type", "query").put("text", query.text());
        } else if (event instanceof SessionEvent.Interaction interaction) {
            result.put("type", "interaction")
                    .put("signal", interaction.signal())
                    .put("entity", interaction.entity().toString())
                    .put("weight", interaction.weight());
        } else {
            result.put("type", "close");
        }
    }
}
