package io.tidaldb.server.quickstart;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.server.cli.VersionText;
import io.tidaldb.server.cli.option.PluginOptions;
import io.tidaldb.server.importing.AckSink;
import io.tidaldb.server.importing.AckedEvents;
import io.tidaldb.server.importing.EmbeddedTarget;
import io.tidaldb.server.importing.EventFile;
import io.tidaldb.server.importing.ImportReport;
import io.tidaldb.server.importing.Importer;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.SignalLookup;
import io.tidaldb.server.importing.TenantLookup;
import io.tidaldb.server.importing.Verification;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/**
 * Three nodes in three regions, three tenants with quotas, real events, a noisy neighbour, a rolling upgrade, a crash and a
 * restart. Whatever was acknowledged is read back at the end.
 */
final class Quickstart {

    private static final Duration HALF_LIFE = Duration.ofDays(7);
    private static final int NODES = 3;
    private static final int TOP = 5;

    private final Sample sample;
    private final Path directory;
    private final PluginOptions plugins;
    private final String wal;
    private final String transport;
    private final Consumer<String> notes;
    private final AckedEvents acked = new AckedEvents();
    private final TreeMap<Long, Long> acceptedByTenant = new TreeMap<>();
    private final ObjectNode report = Json.object();
    private boolean ok = true;

    Quickstart(
            Sample sample,
            Path directory,
            PluginOptions plugins,
            String wal,
            String transport,
            Consumer<String> notes) {
        this.sample = sample;
        this.directory = directory;
        this.plugins = plugins;
        this.wal = wal;
        this.transport = transport;
        this.notes = notes;
    }

    /** Runs the story and returns the report; its {@code ok} says whether all went well. */
    ObjectNode run() throws IOException, InterruptedException {
        report.put("ok", false).put("wal", wal).put("transport", transport).put("version", VersionText.version());
        notes.accept("Reading the events once to see whose they are");
        TenantPlan plan = TenantPlan.of(sample);
        notes.accept("Opening " + NODES + " nodes in " + NODES + " regions under " + directory);
        live(plan);
        restart(plan);
        return report.put("ok", ok);
    }

    private void live(TenantPlan plan) throws IOException, InterruptedException {
        Tidal tidal = open();
        boolean crashed = false;
        try {
            plan.create(tidal);
            ingest(tidal, plan);
            isolation(tidal, plan);
            migration(tidal, plan);
            upgrade(tidal, plan);
            replicas(tidal, plan);
            notes.accept("Crashing all nodes with " + count(acked.total()) + " signals acknowledged");
            tidal.abandon();
            crashed = true;
        } finally {
            if (!crashed) {
                tidal.close();
            }
        }
    }

    private Tidal open() {
        TidalBuilder builder = plugins.applyTo(Tidal.builder())
                .dataDir(directory)
                .topology(Topology.regions(NODES).shardsPerRegion(NODES))
                .wal(wal)
                .transport(transport);
        for (String signal : List.of("departed", "arrived", "cancelled", "diverted")) {
            builder.signal(signal, HALF_LIFE);
        }
        return builder.open();
    }

    private void ingest(Tidal tidal, TenantPlan plan) throws IOException {
        AckSink perTenant = ack -> acceptedByTenant.merge(ack.tenant().value(), 1L, Long::sum);
        Importer importer = new Importer(
                new EmbeddedTarget(new TenantLookup(tidal, true), new SignalLookup(tidal, HALF_LIFE)),
                acked.and(perTenant),
                Importer.OnThrottle.WAIT,
                false,
                notes);
        notes.accept("Ingesting");
        long start = System.nanoTime();
        ImportReport result;
        try (EventFile file = sample.open()) {
            result = importer.run(file);
        }
        double seconds = secondsSince(start);
        report.putObject("events")
                .put("read", result.read())
                .put("accepted", result.accepted())
                .put("throttled", result.skipped())
                .put("malformed", result.malformed());
        ok &= result.accepted() + result.skipped() + result.malformed() == result.read() && !result.refused();
        tenants(tidal, plan);
        Histogram ackNanos = importer.ackNanos();
        report.putObject("ingest")
                .put("seconds", seconds)
                .put("signals_per_second", seconds == 0 ? 0 : result.accepted() / seconds)
                .put("ack_p50_us", ackNanos.getValueAtPercentile(50) / 1e3)
                .put("ack_p99_us", ackNanos.getValueAtPercentile(99) / 1e3);
        notes.accept(String.format(
                "Ingested %s signals in %.1f s, each acknowledged when it was on disk",
                count(result.accepted()), seconds));
    }

    private void tenants(Tidal tidal, TenantPlan plan) {
        ArrayNode section = report.putArray("tenants");
        for (TenantConfig config : plan.tenants()) {
            Tenant tenant = tidal.tenant(config.id()).orElseThrow();
            TenantUsage usage = tenant.usage();
            ObjectNode entry = Json.object()
                    .put("tenant", Long.toUnsignedString(config.id().value()))
                    .put("label", config.label());
            ArrayNode shards = entry.putArray("shards");
            tenant.placement().forEach(shard -> shards.add(shard.toString()));
            section.add(entry.put(
                            "accepted",
                            acceptedByTenant.getOrDefault(config.id().value(), 0L))
                    .put("throttled", usage.throttled())
                    .put("entities", usage.entities())
                    .put("wal_bytes", usage.storageBytes()));
        }
    }

    private void isolation(Tidal tidal, TenantPlan plan) throws InterruptedException {
        notes.accept("A noisy neighbour floods at many times its quota");
        NoisyNeighbour neighbour = new NoisyNeighbour(tidal, plan, acked);
        ObjectNode section = neighbour.run();
        report.set("isolation", section);
        ok &= section.get("quiet_failed").asLong() == 0 && neighbour.noisyFailed() == 0;
        notes.accept(String.format(
                "%s of its signals were refused; the others' p99 went from %.0f to %.0f µs, %s of theirs failed",
                count(section.get("throttled").asLong()),
                section.get("quiet_p99_us_before").asDouble(),
                section.get("quiet_p99_us_during").asDouble(),
                count(section.get("quiet_failed").asLong())));
    }

    private void upgrade(Tidal tidal, TenantPlan plan) throws InterruptedException {
        notes.accept("Replacing every node, one after the other, under load");
        ObjectNode section = new RollingUpgrade(tidal, plan, acked, notes).run();
        report.set("upgrade", section);
        long missing = section.get("missing").asLong();
        ok &= missing == 0
                && section.get("reads_failed").asLong() == 0
                && section.get("writes_failed").asLong() == 0
                && section.get("signals").asLong() > 0
                && section.get("reads").asLong() > 0;
        notes.accept(String.format(
                "%s writes and %s reads meanwhile: %s writes and %s reads failed, %s signals missing",
                count(section.get("signals").asLong()),
                count(section.get("reads").asLong()),
                count(section.get("writes_failed").asLong()),
                count(section.get("reads_failed").asLong()),
                count(missing)));
    }

    private void migration(Tidal tidal, TenantPlan plan) throws InterruptedException {
        Tenant tenant = tidal.tenant(plan.tenants().get(1).id()).orElseThrow();
        notes.accept("Moving tenant " + tenant.config().label()
                + " to another shard in another region, under reads and writes");
        List<Path> nodes = IntStream.range(0, NODES)
                .mapToObj(node -> directory.resolve("n" + node))
                .toList();
        ObjectNode section;
        try (PluginCatalog catalog = plugins.discover()) {
            section = new MovingTenant(tidal, tenant, plan, acked).run(acked, catalog, wal, nodes);
        }
        report.set("migration", section);
        ok &= MovingTenant.isOk(section);
        notes.accept(String.format(
                "Moved %s signals from %s to %s: writes were held back for %.1f ms, %s failed, %s missing, %s there twice",
                count(section.get("records").asLong()),
                section.get("from").asText(),
                section.get("to").asText(),
                section.get("write_pause_ms").asDouble(),
                count(section.get("writes_failed").asLong()),
                count(section.get("missing").asLong()),
                count(section.get("duplicated").asLong())));
    }

    private void restart(TenantPlan plan) {
        long start = System.nanoTime();
        try (Tidal tidal = open()) {
            double seconds = secondsSince(start);
            Verification verification = Verification.of(tidal, acked);
            report.putObject("restart")
                    .put("recovered", verification.found())
                    .put("missing", verification.missing())
                    .put("seconds", seconds);
            ok &= verification.ok() && verification.acked() == acked.total();
            notes.accept(String.format(
                    "Restarted in %.2f s and read everything back: %s missing, %s there twice, scores off by at most %.1e",
                    seconds,
                    count(verification.missing()),
                    count(verification.duplicated()),
                    verification.scoreMaxError()));
            top(tidal, plan);
        }
    }

    /** Compares every replica with the one that takes writes, bit for bit, as soon as it has caught up. */
    private void replicas(Tidal tidal, TenantPlan plan) {
        long start = System.nanoTime();
        int compared = 0;
        int equal = 0;
        for (TenantConfig config : plan.tenants()) {
            Tenant tenant = tidal.tenant(config.id()).orElseThrow();
            List<ReplicaComparison> comparisons = tenant.compareReplicas(false);
            while (comparisons.stream().anyMatch(replica -> !replica.known()) && secondsSince(start) < 60) {
                comparisons = tenant.compareReplicas(false);
            }
            compared += comparisons.size();
            equal += (int)
                    comparisons.stream().filter(ReplicaComparison::isEqual).count();
        }
        report.putObject("replicas").put("compared", compared).put("equal", equal);
        ok &= compared == (NODES - 1) * plan.tenants().size() && equal == compared;
        notes.accept("Compared " + compared + " replicas with those that take writes: " + equal
                + " hold the same state, bit for bit");
    }

    private void top(Tidal tidal, TenantPlan plan) {
        ArrayNode section = report.putArray("top");
        ReadOptions atTheEnd = ReadOptions.at(EventTime.instant(plan.lastEventNanos()));
        for (TenantConfig config : plan.tenants()) {
            ObjectNode entry = Json.object()
                    .put("tenant", Long.toUnsignedString(config.id().value()))
                    .put("signal", plan.signal());
            ArrayNode entities = entry.putArray("entities");
            for (ScoredEntity entity : tidal.tenant(config.id()).orElseThrow().top(plan.signal(), TOP, atTheEnd)) {
                entities.add(Json.object()
                        .put("entity", entity.entity().toString())
                        .put("name", entity.name())
                        .put("score", entity.score()));
            }
            section.add(entry);
        }
    }

    private static double secondsSince(long startNanos) {
        return (System.nanoTime() - startNanos) / (double) TimeUnit.SECONDS.toNanos(1);
    }

    private static String count(long value) {
        return String.format("%,d", value);
    }
}
