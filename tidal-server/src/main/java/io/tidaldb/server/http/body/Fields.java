package io.tidaldb.server.http.body;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.TidalException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** A JSON object from outside, asked for its fields one by one; what nobody asked for is refused. Not thread-safe. */
public final class Fields {

    private final JsonNode object;
    private final Set<String> known = new LinkedHashSet<>();

    /** @throws TidalException INVALID_ARGUMENT if it is no object */
    public Fields(JsonNode object) {
        if (!object.isObject()) {
            throw TidalException.invalid("the body is not a JSON object");
        }
        this.object = object;
    }

    /** Returns whether the field is there, be it null. */
    public boolean has(String name) {
        known.add(name);
        return object.has(name);
    }

    /** Returns a field that is text or a number, as text; nothing if it is absent or null. */
    public Optional<String> scalar(String name) {
        known.add(name);
        JsonNode value = object.get(name);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        return Optional.of(scalar(name, value));
    }

    /** Returns a text or number, parsed. */
    public <T> Optional<T> value(String name, Function<String, T> parse) {
        return scalar(name).map(parse);
    }

    /** Returns a finite number; nothing if it is absent or null. */
    public Optional<Double> number(String name) {
        return scalar(name).map(text -> {
            try {
                return Double.valueOf(text);
            } catch (NumberFormatException e) {
                throw TidalException.invalid("field " + name + " is not a number");
            }
        });
    }

    /** Returns a whole number; nothing if it is absent or null. */
    public Optional<Long> whole(String name) {
        return scalar(name).map(text -> {
            try {
                return Long.valueOf(text);
            } catch (NumberFormatException e) {
                throw TidalException.invalid("field " + name + " is not a whole number within 64 bits");
            }
        });
    }

    /** Returns true or false; nothing if it is absent or null. */
    public Optional<Boolean> truth(String name) {
        known.add(name);
        JsonNode value = object.get(name);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isBoolean()) {
            throw TidalException.invalid("field " + name + " is neither true nor false");
        }
        return Optional.of(value.booleanValue());
    }

    /** Returns a list of texts or numbers; nothing if it is absent or null. */
    public Optional<List<String>> list(String name) {
        known.add(name);
        JsonNode value = object.get(name);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isArray()) {
            throw TidalException.invalid("field " + name + " is not a list");
        }
        List<String> items = new ArrayList<>();
        value.forEach(item -> items.add(scalar(name, item)));
        return Optional.of(items);
    }

    /** Returns a list of whatever is in it. */
    public List<JsonNode> items(String name) {
        known.add(name);
        if (!object.path(name).isArray()) {
            throw TidalException.invalid("field " + name + " is not a list");
        }
        List<JsonNode> items = new ArrayList<>();
        object.path(name).forEach(items::add);
        return items;
    }

    boolean isList(String name) {
        known.add(name);
        return object.path(name).isArray();
    }

    /** Refuses fields that nobody has asked for. */
    public void end() {
        object.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw TidalException.invalid(
                        "field \"" + Text.safe(name) + "\" is unknown: expected " + String.join(", ", known));
            }
        });
    }

    private static String scalar(String name, JsonNode value) {
        if (!value.isTextual() && !value.isNumber()) {
            throw TidalException.invalid("field " + name + " is neither text nor a number");
        }
        return value.asText();
    }
}
