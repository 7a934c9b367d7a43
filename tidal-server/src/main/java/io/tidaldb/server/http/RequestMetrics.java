package io.tidaldb.server.http;

import io.javalin.http.Context;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidaldb.server.http.exchange.Route;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Measures requests by route, as the table names it, and by class of status: never by what a path holds. */
final class RequestMetrics {

    private static final String ROUTE = "tidal.route";
    private static final String BEGUN = "tidal.begun";

    /** Fixed, so that quantiles can be computed over several nodes, and close enough to tell a sync from a queue. */
    private static final Duration[] BOUNDS = IntStream.of(
                    500,
                    1_000,
                    2_000,
                    5_000,
                    10_000,
                    25_000,
                    50_000,
                    100_000,
                    250_000,
                    500_000,
                    1_000_000,
                    2_500_000,
                    10_000_000)
            .mapToObj(micros -> Duration.of(micros, ChronoUnit.MICROS))
            .toArray(Duration[]::new);

    private final MeterRegistry registry;

    RequestMetrics(MeterRegistry registry, RequestLimit requests) {
        this.registry = registry;
        Gauge.builder("tidal.http.requests.active", requests, RequestLimit::underWay)
                .description("Requests under way")
                .register(registry);
    }

    void before(Context context, Route route) {
        context.attribute(ROUTE, route.name());
        context.attribute(BEGUN, System.nanoTime());
    }

    void after(Context context) {
        @Nullable String route = context.attribute(ROUTE);
        @Nullable Long begun = context.attribute(BEGUN);
        Timer.builder("tidal.http.requests")
                .description("Requests and how long they took")
                .tag("route", route == null ? "none" : route)
                .tag("status", context.statusCode() / 100 + "xx")
                .serviceLevelObjectives(BOUNDS)
                .register(registry)
                .record(begun == null ? 0 : System.nanoTime() - begun, TimeUnit.NANOSECONDS);
    }
}
