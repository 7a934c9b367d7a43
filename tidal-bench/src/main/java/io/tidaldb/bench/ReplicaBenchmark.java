package io.tidaldb.bench;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * What followers cost the leader of a slot, and a dead one above all. Hypothesis: with one follower of two dead, the leader takes at least
 * as much as with both alive. All nodes are in one process and on one disk, so that each follower that lives takes its share of both.
 */
public final class ReplicaBenchmark {

    private static final NodeId LAST = NodeId.of("n2");

    private enum Followers {
        NONE("none: the tenant may be in one region only"),
        BOTH("two"),
        ONE_DEAD("two, one of them dead");

        private final String text;

        Followers(String text) {
            this.text = text;
        }
    }

    private ReplicaBenchmark() {}

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Options options =
                Options.parse(args, Map.of("--dir", "target", "--seconds", "3", "--rounds", "5", "--threads", "2"));
        ScratchDirectory directory =
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("replica-benchmark"));
        Map<Followers, List<Phase>> rounds = new EnumMap<>(Followers.class);
        directory.create();
        try (Tidal tidal = Tidal.builder()
                .dataDir(directory.path().resolve("data"))
                .topology(Topology.regions(3).shardsPerRegion(1))
                .signal(EmbeddedLoad.SIGNAL, Duration.ofDays(7))
                .open()) {
            ReplicaId leader = ReplicaId.parse("r0:s0");
            Tenant alone = tidal.createTenant(TenantConfig.builder(TenantId.of(1))
                    .requiredRegions(leader.region())
                    .build());
            Tenant followed = tidal.createTenant(
                    TenantConfig.builder(TenantId.of(2)).pinnedShards(leader).build());
            for (int round = 0; round <= options.number("--rounds"); round++) {
                for (Followers followers : Followers.values()) {
                    if (followers == Followers.ONE_DEAD) {
                        tidal.crashNode(LAST);
                    }
                    Tenant tenant = followers == Followers.NONE ? alone : followed;
                    Phase phase = new EmbeddedLoad(tenant, options.number("--threads"), 256, 16)
                            .run(options.seconds("--seconds"));
                    if (followers == Followers.ONE_DEAD) {
                        tidal.startNode(LAST);
                    }
                    awaitNoLag(tidal);
                    if (round > 0) {
                        rounds.computeIfAbsent(followers, each -> new ArrayList<>())
                                .add(phase);
                    }
                }
                System.err.println("round " + round + " of " + options.number("--rounds") + " done");
            }
        } finally {
            directory.remove();
        }
        System.out.print(table(rounds));
    }

    private static void awaitNoLag(Tidal tidal) {
        while (tidal.health().shards().stream()
                .flatMap(shard -> shard.replicationLag().values().stream())
                .anyMatch(lag -> lag.records() > 0)) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    private static String table(Map<Followers, List<Phase>> rounds) {
        StringBuilder table =
                new StringBuilder("| followers | signals/s | p99 µs | signals/s against two followers |\n");
        table.append("| --- | --- | --- | --- |\n");
        rounds.forEach((followers, phases) -> {
            double[] ratios = new double[phases.size()];
            List<Phase> both = rounds.getOrDefault(Followers.BOTH, List.of());
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = phases.get(i).recordsPerSecond() / both.get(i).recordsPerSecond();
            }
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %,.0f | %,.0f | %.2f |%n",
                    followers.text,
                    Medians.of(
                            phases.stream().mapToDouble(Phase::recordsPerSecond).toArray()),
                    Medians.of(phases.stream().mapToDouble(Phase::ackP99Micros).toArray()),
                    Medians.of(ratios)));
        });
        return table.toString();
    }
}
