package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Reading;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.Window;
import io.tidaldb.server.importing.Json;
import java.util.List;

/** Readings as JSON. */
public final class ReadingView {

    private ReadingView() {}

    private static void describe(Reading reading, ObjectNode result) {
        result.put("score", reading.score());
        Numbers.put(result, "count", reading.count());
        ObjectNode windows = result.putObject("windows");
        for (Window window : Window.values()) {
            Numbers.put(windows, window.toString(), reading.count(window));
        }
        result.put("velocity", reading.velocity(Window.ONE_HOUR))
                .put("as_of", reading.asOf().toString())
                .put("replica", reading.replica().toString());
    }

    /** Returns entities with their scores, in order. */
    public static ArrayNode ranking(List<ScoredEntity> ranked) {
        ArrayNode entities = Json.object().arrayNode(ranked.size());
        ranked.forEach(entity -> entities.addObject()
                .put("entity", entity.entity().toString())
                .put("name", entity.name())
                .put("score", entity.score()));
        return entities;
    }

    /** Returns a reading that says of what. */
    public static ObjectNode of(String signal, Reading reading) {
        ObjectNode result = Json.object()
                .put("signal", signal)
                .put("entity", reading.entity().toString());
        describe(reading, result);
        return result.put(
                "staleness_ms",
                reading.staleness().equals(Reading.UNKNOWN_STALENESS)
                        ? null
                        : (Long) reading.staleness().toMillis());
    }
}
