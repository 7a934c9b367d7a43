package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Window;
import io.tidaldb.server.importing.Json;

/** Readings as JSON. */
public final class ReadingView {

    private ReadingView() {}

    /** Adds all that is known about an entity. */
    public static ObjectNode describe(Reading reading, ObjectNode result) {
        result.put("score", reading.score());
        Numbers.put(result, "count", reading.count());
        ObjectNode windows = result.putObject("windows");
        for (Window window : Window.values()) {
            Numbers.put(windows, window.toString(), reading.count(window));
        }
        return result.put("velocity", reading.velocity(Window.ONE_HOUR))
                .put("as_of", reading.asOf().toString())
                .put("replica", reading.replica().toString());
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
