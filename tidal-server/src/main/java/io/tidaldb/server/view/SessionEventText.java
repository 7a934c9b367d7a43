package io.tidaldb.server.view;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.SessionEvent;
import java.util.Optional;
import java.util.function.Function;

/** Reads what is written to a session from fields of text. */
public final class SessionEventText {

    private final Function<String, Optional<String>> fields;

    private SessionEventText(Function<String, Optional<String>> fields) {
        this.fields = fields;
    }

    /**
     * Reads what {@link io.tidaldb.server.importing.ActLine#describe} writes.
     *
     * @param fields returns the text of a field, if it is there
     * @throws TidalException INVALID_ARGUMENT if a field is missing or malformed
     */
    public static SessionEvent parse(Function<String, Optional<String>> fields) {
        return new SessionEventText(fields).event();
    }

    private SessionEvent event() {
        String type = field("type");
        return switch (type) {
            case "start" -> new SessionEvent.Start(EntityId.parse(field("user")));
            case "preference" -> new SessionEvent.Preference(field("key"), field("value"));
            case "annotation" -> new SessionEvent.Annotation(EntityId.parse(field("entity")), field("text"));
            case "query" -> new SessionEvent.Query(field("text"));
            case "interaction" ->
                new SessionEvent.Interaction(
                        field("signal"),
                        EntityId.parse(field("entity")),
                        fields.apply("weight").map(SessionEventText::weight).orElse(1.0));
            case "close" -> new SessionEvent.Close();
            default ->
                throw TidalException.invalid("type of a session's write is not known:"
                        + " expected preference, annotation, query, interaction or close");
        };
    }

    private String field(String name) {
        return fields.apply(name)
                .orElseThrow(() -> TidalException.invalid("field " + name + " of a session's write is missing"));
    }

    private static double weight(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw TidalException.invalid("weight of an interaction is not a number");
        }
    }
}
