package io.tidaldb.bench;

import java.util.Map;

/** What a write pays before it reaches a log: the limiter and the router, by JMH. */
final class MicroTables {

    private static final String TIDAL = "tidal, the loop's clock";
    private static final String BUCKET4J = "Bucket4j";
    private static final String GUAVA = "Guava";
    private static final String RESILIENCE4J = "Resilience4j";

    private MicroTables() {}

    static Table limiter() {
        return new Table(
                        "Rate limiter",
                        "One bucket for all threads; a new process each round. `a clock and a compare-and-swap` is the limit of one that reads"
                                + " the clock. Bucket4j with its lock-free bucket and nanoseconds, Guava's `RateLimiter.tryAcquire`,"
                                + " Resilience4j's `acquirePermission` with a timeout of 0. Only Tidal's refusal says how long to wait.",
                        Figure.NANOS)
                .add(grants(1).target(Target.atMost(TIDAL, Figure.NANOS, 10)))
                .add(grants(2).target(Target.atMost(TIDAL, Figure.NANOS, 20)))
                .add(refusals(1))
                .add(refusals(2));
    }

    private static Workload grants(int threads) {
        return new Workload("grant, threads: " + threads)
                .add("a clock and a compare-and-swap", limiter("clockAndCompareAndSet", threads))
                .add(TIDAL, limiter("grantAsTimePasses", threads))
                .add("tidal, by the clock", limiter("grantByClock", threads))
                .add(BUCKET4J, limiter("grantBucket4j", threads))
                .add(GUAVA, limiter("grantGuava", threads))
                .add(RESILIENCE4J, limiter("grantResilience4j", threads));
    }

    private static Workload refusals(int threads) {
        return new Workload("refusal, threads: " + threads)
                .add("a clock", limiter("nanoTime", threads))
                .add(TIDAL, limiter("refuse", threads))
                .add(BUCKET4J, limiter("refuseBucket4j", threads))
                .add(GUAVA, limiter("refuseGuava", threads))
                .add(RESILIENCE4J, limiter("refuseResilience4j", threads))
                .target(Target.atMost(TIDAL, Figure.NANOS, 2))
                .target(Target.atMost(TIDAL, Figure.BYTES, 0.01));
    }

    static Table route() {
        return new Table(
                        "Route",
                        "`Tidal.tenant` of an open instance, and the slot of an entity among three; tenants drawn with Zipf's law (1.0). The"
                                + " reference is the same loop without the route.",
                        Figure.NANOS)
                .add(routes(10))
                .add(routes(1_000))
                .add(routes(100_000));
    }

    private static Workload routes(int tenants) {
        Map<String, String> parameters = Map.of("tenants", Integer.toString(tenants));
        return new Workload("tenants: " + tenants)
                .add("nothing", directory -> new JmhContender(RouterBenchmark.class, "nothing", Map.of(), 1))
                .add("tidal", directory -> new JmhContender(RouterBenchmark.class, "tenant", parameters, 1))
                .target(Target.atMost("tidal", Figure.NANOS, 30))
                .target(Target.atMost("tidal", Figure.BYTES, 0.01));
    }

    private static Contender.Opening limiter(String method, int threads) {
        return directory -> new JmhContender(RateLimiterBenchmark.class, method, Map.of(), threads);
    }
}
