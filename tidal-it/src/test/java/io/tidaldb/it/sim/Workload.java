package io.tidaldb.it.sim;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.check.AcknowledgementCheck;
import io.tidaldb.it.sim.check.History;
import io.tidaldb.it.sim.check.ReadingCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What users do: write, try again what failed or got no answer, read in any region. */
final class Workload {

    /** 2025-12-31: before the beginning of any world. */
    private static final long FIRST_EVENT = 1_767_139_200L * 1_000_000_000;

    private static final int MOST_RETRIES = 8;
    private static final long ENTITIES = 30;
    private static final List<String> TYPES = List.of("view", "like");

    /** The entities that have no name. */
    private static final List<EntityId> NUMBERED =
            LongStream.range(4, ENTITIES).mapToObj(EntityId::of).toList();

    private final SimulatedCluster cluster;
    private final SimulatedRandom random;
    private final AcknowledgementCheck acknowledgements;
    private final History history = new History();
    private final ReadingCheck readings = new ReadingCheck(history);
    private final List<Tenant> tenants;
    private Tenant written;
    private long events;
    private long acknowledged;

    Workload(SimulatedCluster cluster, List<Tenant> tenants) {
        this.cluster = cluster;
        this.tenants = tenants;
        this.written = tenants.get(0);
        this.random = cluster.world().random("workload");
        this.acknowledgements = new AcknowledgementCheck(cluster);
    }

    History history() {
        return history;
    }

    long acknowledged() {
        return acknowledged;
    }

    /** Returns the tenants that there are. */
    List<Tenant> tenants() {
        return tenants;
    }

    Tenant someTenant() {
        return tenants.get((int) random.below(tenants.size()));
    }

    /** A tenant comes, perhaps with the id of one that is gone. */
    void create(TenantConfig config) {
        cluster.world().note("creates " + config.id());
        try {
            cluster.tidal().createTenant(config);
        } catch (TidalException e) {
            // Nobody to replicate to where it may be, or nobody to lead it now, or not everybody answers.
            expected(cluster, e);
        }
        cluster.tidal()
                .tenant(config.id())
                .filter(tenant -> !tenants.contains(tenant))
                .ifPresent(tenants::add);
    }

    /** A tenant goes, whatever is under way for it. */
    void delete(Consumer<Tenant> observer) {
        if (tenants.size() > 1) {
            Tenant tenant = tenants.remove((int) random.below(tenants.size()));
            cluster.world().note("deletes " + tenant.id());
            observer.accept(tenant);
            try {
                cluster.tidal().deleteTenant(tenant.id());
            } catch (TidalException e) {
                // If it is gone it is erased by whoever is slow or comes back.
                expected(cluster, e);
            }
            if (cluster.tidal().tenant(tenant.id()).isPresent()) {
                tenants.add(tenant);
            } else {
                history.erased(tenant.id());
            }
        }
    }

    /** Writes something, with or without a key; whoever has one tries again. */
    void write() {
        Tenant tenant = someTenant();
        attempt(tenant, begin(tenant, level(tenant), random.chance(800_000)), 0);
    }

    private History.Write begin(Tenant tenant, Durability level, boolean withKey) {
        int count = (int) (random.chance(100_000) ? random.between(10, 60) : random.between(1, 4));
        List<Signal> signals = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String type = TYPES.get((int) random.below(TYPES.size()));
            long entity = random.below(ENTITIES);
            double weight = random.between(-8, 64) / 8.0;
            Signal signal = entity < 4 ? Signal.of(type, "name" + entity, weight) : Signal.of(type, entity, weight);
            signals.add(signal.at(FIRST_EVENT + events++ * 1_000));
        }
        IdempotencyKey key = withKey ? new IdempotencyKey(random.nextLong(), random.nextLong()) : null;
        return history.begin(tenant.id(), signals, level, key);
    }

    private static boolean isEverywhere(Tenant tenant) {
        return tenant.config().writes() == WriteMode.EVERYWHERE;
    }

    private RegionId someRegion() {
        return RegionId.of((int) random.below(cluster.replicas().stream()
                .map(replica -> replica.region())
                .distinct()
                .count()));
    }

    private Durability level(Tenant tenant) {
        if (isEverywhere(tenant)) {
            return Durability.LOCAL;
        }
        Durability usual = tenant.config().durability();
        if (usual == Durability.MAJORITY || usual == Durability.ALL) {
            return Durability.values()[(int) random.below(Durability.values().length)];
        }
        return random.chance(100_000) ? Durability.ASYNC : usual;
    }

    private void attempt(Tenant tenant, History.Write write, int retries) {
        WriteOptions options = WriteOptions.DEFAULT.with(write.level());
        if (isEverywhere(tenant) && random.chance(900_000)) {
            // Whoever tries again may well do so elsewhere.
            RegionId region = someRegion();
            List<RegionId> allowed =
                    tenant.config().requiredRegions().stream().sorted().toList();
            options = options.in(
                    allowed.isEmpty() || allowed.contains(region)
                            ? region
                            : allowed.get((int) random.below(allowed.size())));
        }
        IdempotencyKey key = write.key();
        Attempt attempt = new Attempt(tenant, write, retries);
        write.tried();
        tenant.recordAllAsync(write.signals(), key == null ? options : options.with(key))
                .whenComplete(attempt::answered);
        cluster.world().schedule(Duration.ofMillis(random.between(500, 3_000)), attempt::late);
    }

    /** One attempt, which may be answered late or never. */
    private final class Attempt {

        private final Tenant tenant;
        private final History.Write write;
        private final int retries;
        private boolean over;

        Attempt(Tenant tenant, History.Write write, int retries) {
            this.tenant = tenant;
            this.write = write;
            this.retries = retries;
        }

        void answered(@Nullable Position position, @Nullable Throwable failure) {
            if (position != null) {
                cluster.world().note("acknowledged " + position + " to " + tenant.id());
                acknowledged++;
                written = tenant;
                over = true;
                write.acknowledged(position, cluster.world().nanoTime());
                if (tenants.contains(tenant)) {
                    acknowledgements.acknowledged(write);
                }
                return;
            }
            TidalException reason = expected(cluster, failure);
            cluster.world().note("failed " + reason.code() + " for " + tenant.id());
            write.failed(reason);
            again();
        }

        void late() {
            if (!over) {
                again();
            }
        }

        private void again() {
            if (!over
                    && tenants.contains(tenant)
                    && write.key() != null
                    && retries < MOST_RETRIES
                    && write.position() == null) {
                cluster.world()
                        .schedule(Duration.ofMillis(random.between(1, 500)), () -> attempt(tenant, write, retries + 1));
            }
            over = true;
        }
    }

    /** Returns the failure if it is one that faults explain. */
    static TidalException expected(SimulatedCluster cluster, @Nullable Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof TidalException reason
                && (reason.code().outcome() != Outcome.FATAL
                        || reason.code() == ErrorCode.CORRUPT_LOG && Chaos.rotten(cluster) > 0)
                && reason.code() != ErrorCode.IDEMPOTENCY_KEY_REUSED
                && reason.code() != ErrorCode.WAL_GAP) {
            return reason;
        }
        throw new AssertionError("failed in a way that no fault explains", cause);
    }

    /** Reads something, often of the tenant that was written last, where it may not be. */
    void read() {
        Tenant tenant = tenants.contains(written) && random.chance(500_000) ? written : someTenant();
        RegionId region = someRegion();
        boolean allowed = tenant.config().requiredRegions().isEmpty()
                || tenant.config().requiredRegions().contains(region);
        String type = TYPES.get((int) random.below(TYPES.size()));
        ReadOptions options = random.chance(300_000) ? ReadOptions.DEFAULT : ReadOptions.DEFAULT.in(region);
        try {
            List<Reading> all = tenant.readAll(type, NUMBERED, options);
            if (!allowed && options.region().isPresent()) {
                throw new AssertionError(tenant.id() + " was read in " + region + ", where it must not be");
            }
            all.forEach(reading ->
                    readings.read(tenant, type, reading, cluster.world().nanoTime()));
            long count = all.stream().mapToLong(Reading::count).sum();
            cluster.world().note("reads " + count + " of " + tenant.id() + " in " + region);
        } catch (TidalException e) {
            expected(cluster, e);
        }
    }

    /** Reads all of a tenant's log. */
    void export() {
        try {
            someTenant().export(signal -> {
                if (history.of(signal.eventNanos()) == null) {
                    throw new AssertionError(signal + " was never written");
                }
            });
        } catch (TidalException e) {
            expected(cluster, e);
        }
    }

    /** Writes checkpoints of everything. */
    void checkpoint() {
        try {
            cluster.tidal().checkpoint();
        } catch (TidalException e) {
            expected(cluster, e);
        }
    }

    /** Writes something to each tenant, which must be acknowledged: nothing is wrong. */
    void mustGoOn() {
        for (Tenant tenant : tenants) {
            History.Write write = begin(tenant, tenant.config().durability(), true);
            write.tried();
            Position position = tenant.recordAll(
                    write.signals(), WriteOptions.DEFAULT.with(write.level()).with(key(write)));
            write.acknowledged(position, cluster.world().nanoTime());
            acknowledgements.acknowledged(write);
        }
    }

    private static IdempotencyKey key(History.Write write) {
        IdempotencyKey key = write.key();
        if (key == null) {
            throw new AssertionError("no key");
        }
        return key;
    }
}
