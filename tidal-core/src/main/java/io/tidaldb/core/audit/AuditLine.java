package io.tidaldb.core.audit;

import com.dynatrace.hash4j.hashing.HashStream64;
import com.dynatrace.hash4j.hashing.Hashing;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An entry as a JSON object on one line. Its chain is XXH3-64 with seed 0 over the previous chain (8 bytes, little-endian) and the line
 * without the field {@code chain}, in UTF-8.
 */
public final class AuditLine {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern BEGIN = Pattern.compile("\\{\"number\":(\\d{1,18}),");
    private static final int RADIX = 16;

    private AuditLine() {}

    /** Returns an entry as an object; its fields have a fixed order. */
    public static ObjectNode object(AuditEntry entry) {
        return unchained(entry).put("chain", hex(entry.chain()));
    }

    private static ObjectNode unchained(AuditEntry entry) {
        TenantId tenant = entry.tenant();
        ObjectNode json = MAPPER.createObjectNode()
                .put("number", entry.number())
                .put("index", entry.index())
                .put("at", entry.at().toString())
                .put("who", entry.actor().who())
                .put("from", entry.actor().from())
                .put("command", entry.command())
                .put("tenant", tenant == null ? null : Long.toUnsignedString(tenant.value()))
                .put("about", entry.about());
        json.set("before", tree(entry.before()));
        json.set("after", tree(entry.after()));
        return json.put("allowed", entry.refused() == null)
                .put("refused", entry.refused())
                .put("reason", entry.reason())
                .put("previous", hex(entry.previous()));
    }

    private static JsonNode tree(@Nullable String text) {
        if (text == null) {
            return MAPPER.nullNode();
        }
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new TidalException(ErrorCode.INTERNAL, "an audit entry's image is not JSON", e);
        }
    }

    /** Returns the chain that an entry must have, given what it says that was before it. */
    public static long chain(AuditEntry entry) {
        HashStream64 stream = Hashing.xxh3_64().hashStream();
        stream.putLong(entry.previous());
        stream.putBytes(unchained(entry).toString().getBytes(StandardCharsets.UTF_8));
        return stream.getAsLong();
    }

    /** Returns an entry on one line, without its end. */
    public static String print(AuditEntry entry) {
        return object(entry).toString();
    }

    /** @throws TidalException CORRUPT_DATA if it is none, or not as it was printed */
    public static AuditEntry parse(String line) {
        try {
            AuditEntry entry = entry(MAPPER.readTree(line));
            if (!print(entry).equals(line)) {
                // What is ignored in reading must not be changed unseen either.
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA, "audit entry " + entry.number() + " is not as it was written");
            }
            return entry;
        } catch (JsonProcessingException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "an audit entry is not JSON", e);
        }
    }

    /** Returns the number of an entry without reading the rest of its line; 0 if it is none. */
    static long number(String line) {
        Matcher begin = BEGIN.matcher(line);
        return begin.lookingAt() ? Long.parseLong(begin.group(1)) : 0;
    }

    /** @throws TidalException CORRUPT_DATA if it is none */
    public static AuditEntry entry(JsonNode json) {
        try {
            String tenant = text(json, "tenant");
            return new AuditEntry(
                    json.path("number").asLong(),
                    json.path("index").asLong(),
                    Instant.parse(json.path("at").asText()),
                    new Actor(json.path("who").asText(), json.path("from").asText()),
                    json.path("command").asText(),
                    tenant == null ? null : TenantId.parse(tenant),
                    text(json, "about"),
                    image(json, "before"),
                    image(json, "after"),
                    text(json, "refused"),
                    text(json, "reason"),
                    Long.parseUnsignedLong(json.path("previous").asText(), RADIX),
                    Long.parseUnsignedLong(json.path("chain").asText(), RADIX));
        } catch (NumberFormatException | DateTimeException | TidalException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "an audit entry is malformed: " + e.getMessage(), e);
        }
    }

    private static @Nullable String text(JsonNode json, String field) {
        return json.path(field).isTextual() ? json.path(field).asText() : null;
    }

    private static @Nullable String image(JsonNode json, String field) {
        return json.path(field).isObject() ? json.path(field).toString() : null;
    }

    /** Returns a chain as text: 16 hexadecimal digits. */
    public static String hex(long chain) {
        String digits = Long.toHexString(chain);
        return "0".repeat(RADIX - digits.length()) + digits;
    }
}
