package io.tidaldb.server.importing;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.regex.Pattern;

/** JSON as the command line reads and writes it: one value, nothing after it. */
public final class Json {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final ObjectReader READER = MAPPER.reader(
            DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
            DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY,
            DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    // What the parser adds to its messages for programmers.
    private static final Pattern ASIDE = Pattern.compile(
            "(:| for `ObjectNode`:) (enable `|not allowed).*|; at \\[.*| \\(start marker at .*", Pattern.DOTALL);

    private Json() {}

    /** Returns a new object; its fields keep the order in which they are put. */
    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** Returns a value on one line. */
    public static String print(JsonNode value) {
        return value.toString();
    }

    /** Returns why a text is not JSON, in words for people. */
    static String reason(JsonProcessingException failure) {
        return ASIDE.matcher(failure.getOriginalMessage()).replaceFirst("");
    }

    /** Reads one value; an object that has a field twice is none. */
    static JsonNode read(String text) throws JsonProcessingException {
        try {
            return READER.readTree(text);
        } catch (NumberFormatException e) {
            throw new JsonParseException(null, "a number's exponent is out of range: expected up to 9 digits", e);
        }
    }
}
