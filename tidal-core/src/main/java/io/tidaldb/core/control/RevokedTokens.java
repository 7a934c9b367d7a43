package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The tokens that were revoked, by their ids: not secret, and nobody's text. Confined to whoever applies. */
final class RevokedTokens {

    private static final int MAX = 50_000;
    private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");

    private final SortedSet<String> ids = new TreeSet<>();

    Reply revoke(String id) {
        if (!ID.matcher(id).matches()) {
            return new Reply.Refused(
                    ErrorCode.INVALID_ARGUMENT, "the id of a token is not valid: expected 12 hexadecimal digits");
        }
        if (ids.size() >= MAX && !ids.contains(id)) {
            return new Reply.Refused(
                    ErrorCode.UNSUPPORTED,
                    MAX
                            + " tokens are revoked, which is the most: take this one out of the files of all nodes, and give tokens an end");
        }
        ids.add(id);
        return new Reply.Done(0);
    }

    boolean contains(String id) {
        return ids.contains(id);
    }

    void replaceWith(RevokedTokens other) {
        ids.clear();
        ids.addAll(other.ids);
    }

    void put(ObjectNode state) {
        ArrayNode array = state.putArray("revoked_tokens");
        ids.forEach(array::add);
    }

    void read(JsonNode state) {
        state.path("revoked_tokens").forEach(id -> ids.add(id.asText()));
    }
}
