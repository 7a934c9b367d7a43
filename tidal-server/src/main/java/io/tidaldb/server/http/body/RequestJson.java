package io.tidaldb.server.http.body;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.tidaldb.api.TidalException;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;

/** Reads JSON from outside: strict, of bounded depth and lengths, into trees and tokens only. */
public final class RequestJson {

    /** Longest text: an entity name of 1 KiB, each byte of it escaped, fits. */
    private static final int MAX_TEXT = 16 << 10;

    private static final JsonFactory SIGNALS = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(8)
                    .maxStringLength(MAX_TEXT)
                    .maxNumberLength(64)
                    .maxNameLength(256)
                    .build())
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build();

    // Lines are UTF-8 and nothing else, or they would not end where they do.
    private static final JsonFactory LINES =
            SIGNALS.rebuild().disable(JsonFactory.Feature.CHARSET_DETECTION).build();

    private static final JsonFactory FACTORY = SIGNALS.rebuild()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private RequestJson() {}

    /** Reads one object. */
    public static Fields object(InputStream body) throws IOException {
        try {
            JsonNode tree = MAPPER.readTree(body);
            return new Fields(tree);
        } catch (JsonProcessingException e) {
            throw malformed("the body", e);
        } catch (CharConversionException e) {
            throw malformed("the body", e);
        } catch (NumberFormatException e) {
            throw TidalException.invalid(
                    "the body has a number whose exponent is out of range: expected up to 9 digits");
        }
    }

    /** Starts to read tokens. */
    public static JsonParser parser(InputStream body) throws IOException {
        return FACTORY.createParser(body);
    }

    /** Starts to read tokens of a line, UTF-8; whoever reads them looks for fields that come twice. */
    static JsonParser signalParser(byte[] lines, int from, int length) throws IOException {
        return LINES.createParser(lines, from, length);
    }

    /** As {@link #malformed}, of one of many lines. */
    static TidalException malformedLine(long number, JsonProcessingException failure) {
        String where = failure.getLocation() == null
                ? ""
                : " (column " + failure.getLocation().getColumnNr() + ")";
        return TidalException.invalid("line " + number + " is not valid JSON" + where + ": " + reason(failure));
    }

    /** Returns a failure that says where a text is not JSON and nothing of what it holds. */
    public static TidalException malformed(String what, JsonProcessingException failure) {
        String where = failure.getLocation() == null
                ? ""
                : " (line " + failure.getLocation().getLineNr() + ", column "
                        + failure.getLocation().getColumnNr() + ")";
        return TidalException.invalid(what + " is not valid JSON" + where + ": " + reason(failure));
    }

    /** Returns a failure that says that a text is in no encoding of JSON. */
    public static TidalException malformed(String what, CharConversionException failure) {
        return TidalException.invalid(
                what + " is not valid JSON: expected UTF-8; " + Text.safe(String.valueOf(failure.getMessage())));
    }

    private static String reason(JsonProcessingException failure) {
        return Text.safe(
                String.valueOf(failure.getOriginalMessage()).lines().findFirst().orElse(""));
    }
}
