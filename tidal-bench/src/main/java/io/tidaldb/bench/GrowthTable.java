package io.tidaldb.bench;

import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import org.HdrHistogram.Histogram;

/** What becomes of writes and reads as one thing grows and all others stay: tenants, shards, entities, logs that are written to. */
final class GrowthTable {

    private static final int WRITERS = 8;
    private static final int UNDER_WAY = 256;
    private static final int WRITTEN_TENANTS = 10;
    private static final int SHARED_TENANTS = 100;
    private static final int ENTITIES = 100;
    // For a 99th percentile that has checkpoints in it.
    private static final double LEAST_SECONDS = 2;
    private static final long READ_NANOS = 200_000_000;

    private GrowthTable() {}

    static Table growth() {
        return new Table(
                        "Growth",
                        "Durable signals through the embedded API, " + WRITERS + " writers with " + UNDER_WAY
                                + " under way each, one signal a write, at least "
                                + String.format(Locale.ROOT, "%.0f", LEAST_SECONDS)
                                + " s a round; then scores of one entity, one after the other. One thing grows, its smallest"
                                + " is the reference. Each tenant has " + ENTITIES
                                + " entities but where they grow. The logs that are written to are those of so many tenants, by"
                                + " turns; the file store has 256 of their files open.\n\n"
                                + "![Rate and p99 over tenants, shards, entities and logs]("
                                + Performance.plot("growth")
                                + ")",
                        Figure.RATE,
                        Figure.P99_MICROS)
                .plotted()
                .add(workload(
                        "tenants, " + WRITTEN_TENANTS + " of them written to",
                        tenants -> new Size(tenants, Math.min(tenants, WRITTEN_TENANTS), 1, ENTITIES),
                        1,
                        10,
                        100,
                        1_000,
                        10_000))
                .add(workload(
                        "shards, " + SHARED_TENANTS + " tenants",
                        shards -> new Size(SHARED_TENANTS, SHARED_TENANTS, shards, ENTITIES),
                        1,
                        4,
                        16,
                        64))
                .add(workload(
                        "entities of one tenant",
                        count -> new Size(1, 1, 1, count),
                        10_000,
                        100_000,
                        1_000_000,
                        10_000_000))
                .add(workload(
                        "logs that are written to", logs -> new Size(logs, logs, 1, ENTITIES), 10, 100, 1_000, 10_000));
    }

    private static Workload workload(String name, IntFunction<Size> size, int... points) {
        Workload workload = new Workload(name);
        for (int point : points) {
            workload.add(
                    String.format(Locale.ROOT, "%,d", point), directory -> Grown.open(directory, size.apply(point)));
        }
        return workload;
    }

    /**
     * What an instance has.
     *
     * @param written the first so many tenants are written to and read
     * @param entities of each tenant
     */
    private record Size(int tenants, int written, int shards, int entities) {}

    private record Grown(EmbeddedContender writes, List<Tenant> read, int entities) implements Contender {

        static Grown open(Path directory, Size size) {
            TidalBuilder builder = EmbeddedContender.builder(directory)
                    .topology(Topology.regions(1).shards(size.shards));
            try (Tidal tidal = builder.open()) {
                EmbeddedContender.tenants(tidal, size.tenants)
                        .forEach(tenant -> LedgerTables.fill(tenant, size.entities, size.entities));
            }
            // Opened again, since the first checkpoint of a log makes its files.
            Tidal tidal = builder.open();
            List<Tenant> written = tidal.tenants().subList(0, size.written);
            SignalLoad load = new SignalLoad(
                    SignalLoad.Store.embedded(written, WriteOptions.DEFAULT), WRITERS, UNDER_WAY, 1, size.entities);
            return new Grown(new EmbeddedContender(tidal, load), written, size.entities);
        }

        @Override
        public Phase run(double seconds) throws InterruptedException {
            return writes.run(Math.max(LEAST_SECONDS, seconds)).with(Figure.READ_P99_NANOS, readP99Nanos());
        }

        private double readP99Nanos() {
            Histogram reads = Phase.acks();
            long entity = 0;
            long now = System.nanoTime();
            for (long end = now + READ_NANOS; now < end; ) {
                entity = SignalLoad.next(entity, entities);
                double score =
                        read.get((int) (reads.getTotalCount() % read.size())).score(SignalLoad.SIGNAL, entity);
                long done = System.nanoTime();
                if (score <= 0) {
                    throw new IllegalStateException("entity " + entity + " has a score of " + score
                            + ": expected more than 0, since all were written");
                }
                Phase.record(reads, done - now);
                now = done;
            }
            return reads.getValueAtPercentile(99);
        }

        @Override
        public void close() {
            writes.close();
        }
    }
}
