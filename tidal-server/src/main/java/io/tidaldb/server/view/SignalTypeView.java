package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.SignalType;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.importing.Json;

/** A type of signal as JSON. */
public final class SignalTypeView {

    private SignalTypeView() {}

    /** Returns the type. */
    public static ObjectNode of(SignalType type) {
        return Json.object()
                .put("index", type.index())
                .put("name", type.name())
                .put("half_life", TimeSpan.print(type.halfLife()));
    }
}
