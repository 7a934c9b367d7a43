package io.tidaldb.server.http.openapi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.NegativeKind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;

/** The shapes of hard negatives and sessions. */
final class UserSchemas {

    private UserSchemas() {}

    static void addTo(SortedMap<String, ObjectNode> all) {
        all.put("ExportedAct", act());
        all.put(
                "Written",
                Schema.object().with("positions", Schema.list(Schema.text())).build());
        all.put(
                "NewHardNegative",
                Schema.object()
                        .with("user", Schema.idOrNumber())
                        .with("entity", Schema.idOrNumber())
                        .maybe("kind", kind())
                        .build());
        all.put(
                "Withdrawal",
                Schema.object()
                        .with("user", Schema.idOrNumber())
                        .with("entity", Schema.idOrNumber())
                        .maybe("kind", kind())
                        .maybe("records", Schema.list(Schema.text()))
                        .build());
        all.put(
                "HardNegatives",
                Schema.object()
                        .with(
                                "hard_negatives",
                                Schema.list(Schema.object()
                                        .with("kind", kind())
                                        .with("user", Schema.id())
                                        .with("entity", Schema.id())
                                        .with("record", Schema.text())
                                        .build()))
                        .build());
        all.put(
                "Filter",
                Schema.object()
                        .with("user", Schema.idOrNumber())
                        .with("entities", Schema.list(Schema.idOrNumber()))
                        .maybe("min_position", Schema.types("string", "null"))
                        .maybe("region", Schema.types("integer", "string", "null"))
                        .maybe("wait_ms", Schema.types("integer", "null"))
                        .build());
        all.put(
                "Visible",
                Schema.object().with("entities", Schema.list(Schema.id())).build());
        all.put(
                "NewSession",
                Schema.object()
                        .with("session", Schema.idOrNumber())
                        .with("user", Schema.idOrNumber())
                        .build());
        all.put(
                "SessionWrite",
                event(List.of("preference", "annotation", "query", "interaction", "close"))
                        .build());
        all.put("Session", session());
    }

    private static ObjectNode kind() {
        return Schema.oneOf(Arrays.stream(NegativeKind.values())
                .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                .toList());
    }

    private static Schema event(List<String> types) {
        return Schema.object()
                .with("number", Schema.types("integer"))
                .with("type", Schema.oneOf(types))
                .maybe("key", Schema.text())
                .maybe("value", Schema.text())
                .maybe("text", Schema.text())
                .maybe("entity", Schema.idOrNumber())
                .maybe("signal", Schema.text())
                .maybe("weight", Schema.number());
    }

    private static ObjectNode session() {
        return Schema.object()
                .with("session", Schema.id())
                .with("user", Schema.id())
                .with("closed", Schema.truth())
                .with("high_water_mark", Schema.types("integer"))
                .with("written_by", Schema.map(Schema.types("integer")))
                .with("preferences", Schema.map(Schema.text()))
                .with(
                        "writes",
                        Schema.list(event(List.of("start", "preference", "annotation", "query", "interaction", "close"))
                                .maybe("user", Schema.id())
                                .with("at", Schema.time())
                                .with("position", Schema.text())
                                .with("hlc", Schema.id())
                                .build()))
                .with("replica", Schema.text())
                .with("staleness_ms", Schema.types("integer", "null"))
                .build();
    }

    private static ObjectNode act() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("position", Schema.text())
                .with("hlc", Schema.id())
                .with(
                        "type",
                        Schema.oneOf(List.of(
                                "start",
                                "preference",
                                "annotation",
                                "query",
                                "interaction",
                                "close",
                                "hidden",
                                "withdrawn")))
                .maybe("session", Schema.id())
                .maybe("number", Schema.number())
                .maybe("ts", Schema.time())
                .maybe("user", Schema.id())
                .maybe("entity", Schema.id())
                .maybe("key", Schema.text())
                .maybe("value", Schema.text())
                .maybe("text", Schema.text())
                .maybe("signal", Schema.text())
                .maybe("weight", Schema.number())
                .maybe("kind", Schema.oneOf(List.of("hide", "mute", "block")))
                .maybe("records", Schema.list(Schema.text()))
                .build();
    }
}
