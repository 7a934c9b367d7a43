package io.tidaldb.server.http.body;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.Signal;
import io.tidaldb.server.importing.TimeText;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads signals from JSON, token by token. */
public final class SignalJson {

    private static final List<String> FIELDS = List.of("tenant", "signal", "entity", "entity_name", "weight", "ts");

    private SignalJson() {}

    /**
     * Reads the object that begins at the parser's current token.
     *
     * @param tenant whose signals these are; a signal that names another is refused
     * @throws TidalException INVALID_ARGUMENT
     */
    public static Signal read(JsonParser parser, TenantId tenant) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw TidalException.invalid("a signal is not a JSON object");
        }
        String type = null;
        String entity = null;
        String name = null;
        double weight = 1.0;
        long ts = Signal.NOW;
        int seen = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            seen = marked(seen, field);
            String value = scalar(field, parser);
            if (value == null) {
                continue;
            }
            switch (field) {
                case "tenant" -> checkTenant(tenant, value);
                case "signal" -> type = value;
                case "entity" -> entity = value;
                case "entity_name" -> name = value;
                case "weight" -> weight = weight(value);
                case "ts" -> ts = TimeText.nanos(value);
                default ->
                    throw TidalException.invalid("field \"" + Text.safe(field)
                            + "\" is unknown: expected tenant, signal, entity, entity_name, weight, ts");
            }
        }
        if (type == null) {
            throw TidalException.invalid("field signal is missing");
        }
        return new Signal(type, entity(entity, name), name, weight, ts);
    }

    /** Refuses a field that comes twice; one that is unknown is refused later. */
    private static int marked(int seen, String field) {
        int bit = 1 << (FIELDS.indexOf(field) + 1);
        if ((seen & bit & ~1) != 0) {
            throw TidalException.invalid("field \"" + field + "\" is there twice");
        }
        return seen | bit;
    }

    private static @Nullable String scalar(String field, JsonParser parser) throws IOException {
        return switch (parser.nextToken()) {
            case VALUE_NULL -> null;
            case VALUE_STRING, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getText();
            default -> throw TidalException.invalid("field \"" + Text.safe(field) + "\" is neither text nor a number");
        };
    }

    private static void checkTenant(TenantId tenant, String value) {
        if (!TenantId.parse(value).equals(tenant)) {
            throw TidalException.invalid("a signal names tenant \"" + Text.safe(value) + "\": expected "
                    + Long.toUnsignedString(tenant.value()) + ", the tenant in the path, or none");
        }
    }

    private static EntityId entity(@Nullable String entity, @Nullable String name) {
        if (name == null) {
            if (entity == null) {
                throw TidalException.invalid("field entity is missing, and entity_name is, too");
            }
            return EntityId.parse(entity);
        }
        EntityId named = EntityNames.idOf(name);
        if (entity != null && !EntityId.parse(entity).equals(named)) {
            throw TidalException.invalid("entity " + Text.safe(entity) + " is not the id of its entity_name: expected "
                    + named + ", or one of the two");
        }
        return named;
    }

    private static double weight(String text) {
        try {
            if (isDecimal(text)) {
                return Double.parseDouble(text);
            }
        } catch (NumberFormatException e) {
            throw TidalException.invalid("weight \"" + Text.safe(text) + "\" is not a number");
        }
        throw TidalException.invalid("weight \"" + Text.safe(text) + "\" is not a number");
    }

    // Java's own parser takes suffixes and hexadecimal numbers, too.
    private static boolean isDecimal(String text) {
        for (int i = 0; i < text.length(); i++) {
            if ("dDfFxX".indexOf(text.charAt(i)) >= 0) {
                return false;
            }
        }
        return true;
    }
}
