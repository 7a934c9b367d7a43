package io.tidaldb.it.sim;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.it.sim.check.CountCheck;
import io.tidaldb.it.sim.check.HealthCheck;
import io.tidaldb.it.sim.check.LogCheck;
import io.tidaldb.it.sim.check.MemoryCheck;
import io.tidaldb.it.sim.check.ResidencyCheck;
import io.tidaldb.it.sim.check.StateCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A cluster of random size with random tenants, which goes through random faults and heals; all from one seed. */
final class RandomCluster {

    private static final Duration SCRUB_INTERVAL = Duration.ofMillis(500);

    private final SimulatedRandom random;
    private final SimulatedCluster cluster;
    private final ResidencyCheck residency;
    private final Chaos chaos;
    private final ReplicationSettings bounds;
    private final Workload workload;
    private final UserWorkload users;
    private final boolean truncates;
    private final int regions;
    private final int shards;

    private RandomCluster(long seed, Trace trace, boolean truncates) {
        this.truncates = truncates;
        random = new SimulatedRandom(seed).fork("shape");
        regions = (int) random.between(2, 5);
        shards = (int) random.between(1, 5);
        LinkQuality links = LinkQuality.faithful(
                new Latency(
                        random.between(10_000, 1_000_000),
                        random.between(1_000_000, 40_000_000),
                        random.between(40_000_000, 400_000_000),
                        5_000),
                0);
        bounds = bounds();
        SimulatedCluster.Builder builder = SimulatedCluster.builder()
                .seed(seed)
                .trace(trace)
                .regions(regions)
                .shardsPerRegion(shards)
                .signal("view", Duration.ofDays(7))
                .signal("like", Duration.ofHours(1))
                .links(links)
                .replication(bounds)
                .scrub(SCRUB_INTERVAL, 64 << 20)
                .machines(node -> MachineProfile.DEFAULT.withClocks(
                        Duration.ofMillis(random.between(-2_000, 2_000)), (int) random.between(-200, 200)));
        if (truncates) {
            builder.retention(Duration.ofMillis(random.between(0, 1_000)), Duration.ofMillis(random.between(0, 2_000)));
        }
        cluster = builder.open();
        cluster.patience(Duration.ofSeconds(2));
        residency = new ResidencyCheck(cluster);
        cluster.world().note("regions " + regions + ", shards " + shards);
        workload = new Workload(cluster, tenants());
        users = new UserWorkload(cluster);
        chaos = new Chaos(cluster, links);
    }

    // Small, so that they are reached.
    private ReplicationSettings bounds() {
        int messageBytes = 256 << 10;
        return new ReplicationSettings(
                Duration.ofMillis(random.between(100, 300)),
                random.between(500, 40_000),
                random.chance(300_000) ? 0 : random.between(0, 40_000),
                (int) random.between(200, 8_000),
                messageBytes,
                messageBytes + random.below(100_000));
    }

    private List<Tenant> tenants() {
        List<Tenant> tenants = new ArrayList<>(cluster.tidal().tenants());
        int count = (int) random.between(1, 20);
        while (tenants.size() < count) {
            try {
                tenants.add(cluster.tidal().createTenant(tenant(tenants.size())));
            } catch (TidalException e) {
                // Nobody to replicate to where it may be.
                if (e.code() != ErrorCode.UNSUPPORTED) {
                    throw e;
                }
            }
        }
        return tenants;
    }

    private TenantConfig tenant(long id) {
        TenantConfig.Builder tenant = TenantConfig.builder(TenantId.of(id))
                .slots((int) random.between(1, shards))
                .durability(Durability.values()[(int) random.below(Durability.values().length)]);
        if (random.chance(400_000)) {
            List<RegionId> required = new ArrayList<>();
            for (int region = 0; region < regions; region++) {
                if (random.chance(600_000)) {
                    required.add(RegionId.of(region));
                }
            }
            tenant.requiredRegions(required.toArray(RegionId[]::new));
        }
        if (random.chance(300_000)) {
            tenant.writes(WriteMode.EVERYWHERE).durability(Durability.LOCAL);
        }
        return tenant.build();
    }

    /** Returns how many writes were acknowledged. */
    long acknowledged() {
        return workload.acknowledged();
    }

    long crashes() {
        return chaos.crashes();
    }

    long messages() {
        return residency.messages();
    }

    private void run() {
        SimulatedWorld world = cluster.world();
        long end = world.nanoTime()
                + Duration.ofMillis(random.between(2_000, 8_000)).toNanos();
        int faultsPerMillion = (int) random.between(0, 60_000);
        while (world.nanoTime() < end) {
            if (random.chance(faultsPerMillion)) {
                chaos.disturb();
            }
            if (truncates && random.chance(50_000)) {
                workload.checkpoint();
            }
            switch ((int) random.below(200)) {
                case 0 -> workload.checkpoint();
                case 1 -> workload.export();
                case 2 -> health();
                case 3 -> chaos.locked(() -> workload.create(tenant(random.below(25))));
                case 4 -> workload.delete(residency::deleted);
                default -> {
                    if (random.chance(150_000)) {
                        users.act(workload.someTenant());
                    } else if (random.chance(300_000)) {
                        workload.read();
                    } else {
                        workload.write();
                    }
                }
            }
            world.runFor(Duration.ofMillis(random.between(0, 20)));
            MemoryCheck.check(cluster, bounds);
        }
        chaos.end();
        if (Chaos.rotten(cluster) > 0) {
            // Until what has turned last is found as well, and begun to be fetched.
            world.runFor(SCRUB_INTERVAL.plusSeconds(5));
        }
        cluster.patience(Duration.ofSeconds(30));
        cluster.awaitFullConvergence(Duration.ofMinutes(1));
        workload.mustGoOn();
        // Whoever tries again does so while there is somebody to answer.
        world.runFor(Duration.ofSeconds(2));
        cluster.awaitFullConvergence(Duration.ofSeconds(30));
        world.runFor(Duration.ofSeconds(1));
        check();
    }

    private void health() {
        try {
            cluster.tidal().health();
        } catch (TidalException e) {
            if (e.code() != ErrorCode.DEADLINE_EXCEEDED && e.code() != ErrorCode.CLOSED) {
                throw e;
            }
        }
    }

    private void check() {
        HealthCheck.check(cluster);
        if (chaos.crashes() == 0) {
            // A machine that stops in the middle of a commit takes with it what it was about to answer.
            MemoryCheck.atRest(cluster);
        }
        residency.atRest();
        users.check(workload.tenants());
        if (truncates) {
            new StateCheck(cluster).compare();
            CountCheck.check(cluster, workload.history());
        } else {
            LogCheck.check(cluster, workload.history());
            new StateCheck(cluster).check();
        }
    }

    /** Runs one to its end, and fails if anything is not as it should be. */
    static RandomCluster run(long seed, Trace trace) {
        return run(seed, trace, false);
    }

    /** Runs one whose checkpoints truncate logs, so that replicas need snapshots. */
    static RandomCluster runTruncating(long seed, Trace trace) {
        return run(seed, trace, true);
    }

    private static RandomCluster run(long seed, Trace trace, boolean truncates) {
        RandomCluster run = new RandomCluster(seed, trace, truncates);
        try {
            run.run();
        } catch (RuntimeException | Error e) {
            run.cluster.world().note("fails: " + e);
            if (trace.isOn()) {
                LogCheck.print(run.cluster);
            }
            throw e;
        } finally {
            run.cluster.close();
        }
        return run;
    }
}
