package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.core.WriteOptions;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of a server.
 *
 * @param path with the query, encoded
 * @param body or null for none
 * @param key names a write, so that it can be repeated; or null
 * @param repeatable whether it can be sent again without another effect
 * @param patience how long the answer may take
 */
public record Request(
        String method,
        String path,
        @Nullable JsonNode body,
        @Nullable UUID key,
        boolean repeatable,
        Duration patience) {

    // A node gives up after 60 seconds, and says so.
    private static final Duration PATIENCE = Duration.ofSeconds(75);

    /** Returns a read. */
    public static Request get(String path) {
        return new Request("GET", path, null, null, true, PATIENCE);
    }

    /** Returns a read that takes long, and is asked for once: what was begun is not begun again. */
    public static Request lengthy(String path, Duration patience) {
        return new Request("GET", path, null, null, false, patience);
    }

    /** Returns a read whose question is in the body. */
    public static Request question(String path, JsonNode body) {
        return new Request("POST", path, body, null, true, PATIENCE);
    }

    /** Returns a write that can be repeated: under the key of the options, or one of its own. */
    public static Request write(String path, JsonNode body, WriteOptions options) {
        List<String> given = new ArrayList<>();
        options.durability().ifPresent(level -> given.add("durability=" + level.name()));
        options.region().ifPresent(region -> given.add("region=" + region));
        String query = given.isEmpty() ? "" : "?" + String.join("&", given);
        UUID key = options.idempotencyKey()
                .map(each -> new UUID(each.high(), each.low()))
                .orElseGet(UUID::randomUUID);
        return new Request("POST", path + query, body, key, true, PATIENCE);
    }

    /** Returns a change, which is sent once. */
    public static Request change(String method, String path, @Nullable JsonNode body) {
        return new Request(method, path, body, null, false, PATIENCE);
    }

    /** Returns text as part of a path or a query. */
    public static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
