package io.tidaldb.server.client;

import io.tidaldb.core.ReadOptions;

/** How fresh a read is to be, in a query. */
final class ReadQuery {

    private ReadQuery() {}

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
