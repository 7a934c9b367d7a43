package io.tidaldb.server.importing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON as the command line reads and writes it: one value, nothing after it. */
public final class Json {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final ObjectReader READER = MAPPER.reader(
            DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    private Json() {}

    /** Returns a new object; its fields keep the order in which they are put. */
    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** Returns a value on one line. */
    public static String print(JsonNode value) {
        return value.toString();
    }

    /** Reads one value. */
    static JsonNode read(String text) throws JsonProcessingException {
        return READER.readTree(text);
    }
}
