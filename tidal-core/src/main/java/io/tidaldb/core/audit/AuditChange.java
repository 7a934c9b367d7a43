package io.tidaldb.core.audit;

import com.dynatrace.hash4j.hashing.Hashing;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a command changed, bounded in size.
 *
 * @param before see {@link AuditEntry}
 * @param after see {@link AuditEntry}
 */
public record AuditChange(
        @Nullable String before,
        @Nullable String after,
        @Nullable String refused,
        @Nullable String reason) {

    private static final int MAX_IMAGE = 4096;
    private static final int MAX_REASON = 512;

    /** Returns a change: of both sides what is the same in both is left out. */
    public static AuditChange of(@Nullable ObjectNode before, @Nullable ObjectNode after) {
        return new AuditChange(image(before, after), image(after, before), null, null);
    }

    /** Returns a refusal. */
    public static AuditChange refused(String code, String reason) {
        return new AuditChange(null, null, code, reason.substring(0, Math.min(MAX_REASON, reason.length())));
    }

    /** Returns whether there is nothing to say: it was as it was asked to be already. */
    public boolean isNothing() {
        return refused == null && (before == null ? after == null : before.equals(after));
    }

    private static @Nullable String image(@Nullable ObjectNode shown, @Nullable ObjectNode other) {
        if (shown == null) {
            return null;
        }
        ObjectNode differing = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> field : shown.properties()) {
            if (other == null || !field.getValue().equals(other.get(field.getKey()))) {
                differing.set(field.getKey(), texts(field.getValue()));
            }
        }
        String text = differing.toString();
        if (text.length() <= MAX_IMAGE) {
            return text;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return JsonNodeFactory.instance
                .objectNode()
                .put("too_large", Integer.toString(bytes.length))
                .put("xxh3_64", AuditLine.hex(Hashing.xxh3_64().hashBytesToLong(bytes)))
                .toString();
    }

    // Whoever reads and writes JSON keeps a text as it is, but not always a number: the hash must not depend on that.
    private static JsonNode texts(JsonNode value) {
        if (value.isArray()) {
            ArrayNode texts = JsonNodeFactory.instance.arrayNode();
            value.forEach(each -> texts.add(texts(each)));
            return texts;
        }
        return JsonNodeFactory.instance.textNode(value.asText());
    }
}
