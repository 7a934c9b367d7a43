package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.WriteOptions;
import java.util.UUID;

/** Requests about users. */
final class UserWrite {

    private UserWrite() {}

    /** Returns a write that can be repeated: under the key of the options, or one of its own. */
    static Request request(String path, ObjectNode body, WriteOptions options) {
        String query =
                options.durability().map(level -> "?durability=" + level.name()).orElse("");
        UUID key = options.idempotencyKey()
                .map(given -> new UUID(given.high(), given.low()))
                .orElseGet(UUID::randomUUID);
        return Request.write(path + query, body, key);
    }

    /** Returns how fresh a read is to be, as further parameters of a query. */
    static String freshness(ReadOptions options) {
        StringBuilder query = new StringBuilder();
        options.minPosition()
                .ifPresent(position -> query.append("&min_position=").append(Request.encoded(position.toString())));
        options.region().ifPresent(region -> query.append("&region=").append(region));
        if (!options.patience().isZero()) {
            query.append("&wait_ms=").append(options.patience().toMillis());
        }
        return query.toString();
    }
}
