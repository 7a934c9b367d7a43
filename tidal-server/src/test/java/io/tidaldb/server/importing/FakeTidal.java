package io.tidaldb.server.importing;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.Signal;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;

/** The store as the importer sees it: one shard, records in a list, and a door that can refuse. */
final class FakeTidal implements Tidal {

    final Map<TenantId, FakeTenant> tenants = new TreeMap<>();
    private final Map<String, SignalType> types = new LinkedHashMap<>();

    /** Looks at each call; a failure refuses it. */
    Function<List<Signal>, Optional<TidalException>> door = signals -> Optional.empty();

    @Override
    public SignalType declareSignal(String name, Duration halfLife) {
        return types.computeIfAbsent(name, unused -> new SignalType(types.size(), name, halfLife));
    }

    @Override
    public List<SignalType> signals() {
        return List.copyOf(types.values());
    }

    @Override
    public Tenant createTenant(TenantConfig config) {
        FakeTenant tenant = new FakeTenant(config);
        tenants.put(config.id(), tenant);
        return tenant;
    }

    @Override
    public Tenant updateTenant(TenantConfig config) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void deleteTenant(TenantId id) {
        tenants.remove(id);
    }

    @Override
    public Optional<Tenant> tenant(TenantId id) {
        return Optional.ofNullable(tenants.get(id));
    }

    @Override
    public Optional<Tenant> tenantLabelled(String label) {
        return tenants.values().stream()
                .filter(tenant -> tenant.config().label().equals(label))
                .map(Tenant.class::cast)
                .findFirst();
    }

    @Override
    public List<Tenant> tenants() {
        return List.copyOf(tenants.values());
    }

    @Override
    public ClusterHealth health() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void checkpoint() {}

    @Override
    public void abandon() {}

    @Override
    public void close() {}

    /** A tenant of this store. */
    final class FakeTenant implements Tenant {

        final List<RecordedSignal> records = new ArrayList<>();
        private final TenantConfig config;

        FakeTenant(TenantConfig config) {
            this.config = config;
        }

        @Override
        public TenantId id() {
            return config.id();
        }

        @Override
        public TenantConfig config() {
            return config;
        }

        @Override
        public List<ReplicaId> placement() {
            return List.of(ReplicaId.of(RegionId.of(0), ShardId.of(0)));
        }

        @Override
        public Position recordAll(List<Signal> signals, WriteOptions options) {
            door.apply(signals).ifPresent(refusal -> {
                throw refusal;
            });
            for (Signal signal : signals) {
                records.add(new RecordedSignal(
                        new WalSegmentId(RegionId.of(0), ShardId.of(0), records.size() + 1),
                        0,
                        signal.type(),
                        signal.entity(),
                        signal.name(),
                        (float) signal.weight(),
                        signal.eventNanos()));
            }
            return Position.of(records.get(records.size() - 1).position());
        }

        @Override
        public CompletionStage<Position> recordAllAsync(List<Signal> signals, WriteOptions options) {
            try {
                return CompletableFuture.completedFuture(recordAll(signals, options));
            } catch (TidalException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        @Override
        public Reading read(String signal, long entity, ReadOptions options) {
            long at = EventTime.nanos(options.at().orElseThrow());
            double halfLife =
                    Objects.requireNonNull(types.get(signal)).halfLife().toNanos();
            double score = records.stream()
                    .filter(r -> r.type().equals(signal) && r.entity().value() == entity)
                    .mapToDouble(r -> r.weight() * Math.pow(2, -(at - r.eventNanos()) / halfLife))
                    .sum();
            return new Reading(
                    EntityId.of(entity),
                    score,
                    0,
                    0,
                    0,
                    0,
                    EventTime.instant(at),
                    placement().get(0));
        }

        @Override
        public Reading read(String signal, String entity, ReadOptions options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Reading> readAll(String signal, List<EntityId> entities, ReadOptions options) {
            return entities.stream()
                    .map(entity -> read(signal, entity.value(), options))
                    .toList();
        }

        @Override
        public List<ScoredEntity> top(String signal, int k, ReadOptions options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long total(String signal) {
            throw new TidalException(ErrorCode.UNSUPPORTED, "total");
        }

        @Override
        public long entities(String signal) {
            throw new TidalException(ErrorCode.UNSUPPORTED, "entities");
        }

        @Override
        public TenantUsage usage() {
            throw new TidalException(ErrorCode.UNSUPPORTED, "usage");
        }

        @Override
        public void export(Consumer<RecordedSignal> consumer) {
            records.forEach(consumer);
        }
    }
}
