package io.tidaldb.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.tidaldb.core.Tidal;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What an open store does, as Micrometer meters. Their number does not grow with the number of tenants: no meter names one. All are read
 * from one look at the store, which is at most a second old; each is documented in {@code docs/metrics.md}.
 *
 * <pre>{@code new TidalMetrics(tidal).bindTo(registry);}</pre>
 *
 * <p>Safe for any number of threads. After the store was closed, meters keep what they said last.
 */
public final class TidalMetrics implements MeterBinder {

    private final Supplier<StoreFigures> figures;

    /** Measures an instance, whose owner closes it. */
    public TidalMetrics(Tidal tidal) {
        this(new FigureCache(tidal));
    }

    private TidalMetrics(FigureCache cache) {
        this.figures = cache;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(registry, "tidal.tenants", null, "Tenants", StoreFigures::tenants);
        gauge(registry, "tidal.tenants.damaged", null, "Tenants with a quarantined log", StoreFigures::damaged);
        gauge(
                registry,
                "tidal.tenants.lost",
                null,
                "Tenants of which something is gone for good that was on a damaged disk alone",
                StoreFigures::lost);
        gauge(registry, "tidal.entities", null, "Distinct entities of all tenants", StoreFigures::entities);
        gauge(
                registry,
                "tidal.storage",
                BaseUnits.BYTES,
                "Logs and snapshots of all tenants",
                StoreFigures::storageBytes);
        gauge(registry, "tidal.signals.rate", null, "Signals a second, moving average", StoreFigures::rate);
        gauge(registry, "tidal.shards", null, "Replicas of shards", StoreFigures::shards);
        gauge(registry, "tidal.shards.leading", null, "Replicas that take writes", StoreFigures::leading);
        gauge(
                registry,
                "tidal.replication.lag.records",
                null,
                "Records that the slowest follower lacks",
                StoreFigures::lagRecords);
        gauge(
                registry,
                "tidal.replication.lag",
                "seconds",
                "Age of the oldest record that a follower lacks",
                StoreFigures::lagSeconds);
        gauge(
                registry,
                "tidal.replication.followers.silent",
                null,
                "Followers that are not heard of, or wait for a snapshot",
                StoreFigures::silentFollowers);
        counter(
                registry,
                "tidal.scrub.passes",
                "How often all that is held was read again to find damage",
                figures -> figures.scrub().passes());
        counter(
                registry,
                "tidal.scrub.bytes",
                "Bytes of logs that were read again to find damage",
                figures -> figures.scrub().bytes());
        counter(
                registry,
                "tidal.scrub.damaged",
                "Replicas of tenants' slots that were found to be damaged",
                figures -> figures.scrub().damaged());
        counter(
                registry,
                "tidal.scrub.refetched",
                "Damaged replicas that were thrown away and fetched from another one",
                figures -> figures.scrub().refetched());
        counter(
                registry,
                "tidal.signals.accepted",
                "Signals acknowledged since tenants were created",
                StoreFigures::accepted);
        counter(
                registry,
                "tidal.signals.throttled",
                "Signals refused by rate limits since the store was opened",
                StoreFigures::throttled);
    }

    private void gauge(
            MeterRegistry registry,
            String name,
            @Nullable String unit,
            String about,
            ToDoubleFunction<StoreFigures> value) {
        Gauge.builder(name, figures, source -> value.applyAsDouble(source.get()))
                .baseUnit(unit)
                .description(about)
                .strongReference(true)
                .register(registry);
    }

    private void counter(MeterRegistry registry, String name, String about, ToDoubleFunction<StoreFigures> value) {
        // Held weakly: by something that a gauge holds, it lives as long as the registry.
        FunctionCounter.builder(name, figures, source -> value.applyAsDouble(source.get()))
                .description(about)
                .register(registry);
    }
}
