package io.tidaldb.api;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * What a tenant may do, where it may live and how its writes are acknowledged. Absent limits mean unlimited.
 *
 * @param label a name for people, 1 to 256 characters; "default" unless given
 * @param maxSignalsPerSecond rate of the token bucket, above 0
 * @param burst most permits that the bucket holds; 2 s of the rate unless given
 * @param reservedSignalsPerSecond the rate that this tenant keeps when the node is overloaded
 * @param maxEntities cap on distinct entities, above 0
 * @param maxStorageBytes cap on bytes of log and snapshots, above 0
 * @param requiredRegions the only regions that may store a byte of the tenant; empty means all. Ordered, without repeats
 * @param durability when a write is acknowledged unless the write says otherwise
 * @param writes which replicas accept writes
 * @param slots number of shards that the tenant is spread over, 1 to 65,535; never changes
 * @param pinnedShards the shards to live on, one per slot, instead of the placement policy's choice; empty means not pinned
 * @param hold how long a migration keeps the way back open
 * @param withoutReplicas replicas of its shards that hold nothing of it, although its regions would allow it. Ordered, without repeats
 * @param encrypted whether what is written of it is sealed with keys of its own; never changes
 */
public record TenantConfig(
        TenantId id,
        String label,
        OptionalDouble maxSignalsPerSecond,
        OptionalDouble burst,
        OptionalDouble reservedSignalsPerSecond,
        OptionalLong maxEntities,
        OptionalLong maxStorageBytes,
        List<RegionId> requiredRegions,
        Durability durability,
        WriteMode writes,
        int slots,
        List<ReplicaId> pinnedShards,
        Duration hold,
        List<ReplicaId> withoutReplicas,
        boolean encrypted) {

    /** Label of a tenant that was given none. */
    public static final String DEFAULT_LABEL = "default";

    private static final int MAX_LABEL = 256;
    private static final int MAX_SLOTS = 0xFFFF;

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if a value is out of range */
    public TenantConfig {
        if (label.isEmpty() || label.length() > MAX_LABEL || label.chars().anyMatch(Character::isISOControl)) {
            throw invalid(
                    id,
                    "label",
                    IdentityText.echo(label),
                    "1 to " + MAX_LABEL + " characters without control characters");
        }
        positive(id, "max signals per second", maxSignalsPerSecond);
        positive(id, "burst", burst);
        positive(id, "reserved signals per second", reservedSignalsPerSecond);
        positive(id, "max entities", maxEntities);
        positive(id, "max storage bytes", maxStorageBytes);
        if (burst.isPresent() && burst.getAsDouble() < 1) {
            throw invalid(id, "burst", burst.getAsDouble(), "at least 1, the cost of one signal");
        }
        if (burst.isPresent() && maxSignalsPerSecond.isEmpty()) {
            throw invalid(id, "burst", burst.getAsDouble(), "a burst only together with max signals per second");
        }
        if (reservedSignalsPerSecond.orElse(0) > maxSignalsPerSecond.orElse(Double.MAX_VALUE)) {
            throw invalid(
                    id,
                    "reserved signals per second",
                    reservedSignalsPerSecond.getAsDouble(),
                    "at most its max signals per second, " + maxSignalsPerSecond.getAsDouble());
        }
        requiredRegions = List.copyOf(new TreeSet<>(requiredRegions));
        pinnedShards = List.copyOf(pinnedShards);
        withoutReplicas = List.copyOf(new TreeSet<>(withoutReplicas));
        if (slots < 1 || slots > MAX_SLOTS) {
            throw invalid(id, "slots", slots, "1 to " + MAX_SLOTS);
        }
        if (!pinnedShards.isEmpty() && pinnedShards.size() != slots) {
            throw invalid(id, "pinned shards", pinnedShards, "one shard for each of its " + slots + " slots");
        }
        if (new TreeSet<>(pinnedShards).size() != pinnedShards.size()) {
            throw invalid(id, "pinned shards", pinnedShards, "shards without repeats");
        }
        for (ReplicaId shard : pinnedShards) {
            if (!requiredRegions.isEmpty() && !requiredRegions.contains(shard.region())) {
                throw invalid(id, "pinned shard", shard, "a shard in one of its required regions " + requiredRegions);
            }
        }
        if (hold.isNegative()) {
            throw invalid(id, "hold", hold, "a duration of 0 or more");
        }
    }

    /** Returns a builder with the defaults: unlimited, unrestricted, {@link Durability#LOCAL}, {@link WriteMode#SINGLE}, one slot. */
    public static Builder builder(TenantId id) {
        return new Builder(id);
    }

    /** Returns a builder that starts from this configuration. */
    public Builder toBuilder() {
        Builder copy = new Builder(id);
        copy.label = label;
        copy.maxSignalsPerSecond = maxSignalsPerSecond;
        copy.burst = burst;
        copy.reservedSignalsPerSecond = reservedSignalsPerSecond;
        copy.maxEntities = maxEntities;
        copy.maxStorageBytes = maxStorageBytes;
        copy.requiredRegions = requiredRegions;
        copy.durability = durability;
        copy.writes = writes;
        copy.slots = slots;
        copy.pinnedShards = pinnedShards;
        copy.hold = hold;
        copy.withoutReplicas = withoutReplicas;
        copy.encrypted = encrypted;
        return copy;
    }

    private static void positive(TenantId id, String what, OptionalDouble value) {
        if (value.isPresent() && !(value.getAsDouble() > 0 && value.getAsDouble() <= 1e12)) {
            throw invalid(id, what, value.getAsDouble(), "a number above 0, up to 1e12");
        }
    }

    private static void positive(TenantId id, String what, OptionalLong value) {
        if (value.isPresent() && value.getAsLong() <= 0) {
            throw invalid(id, what, value.getAsLong(), "a number above 0");
        }
    }

    private static TidalException invalid(TenantId id, String what, Object value, String expected) {
        return TidalException.invalid(what + " of tenant " + id + " is " + value + ": expected " + expected);
    }

    /** Collects a {@link TenantConfig}. Not thread-safe. */
    public static final class Builder {

        private final TenantId id;
        private String label = DEFAULT_LABEL;
        private OptionalDouble maxSignalsPerSecond = OptionalDouble.empty();
        private OptionalDouble burst = OptionalDouble.empty();
        private OptionalDouble reservedSignalsPerSecond = OptionalDouble.empty();
        private OptionalLong maxEntities = OptionalLong.empty();
        private OptionalLong maxStorageBytes = OptionalLong.empty();
        private List<RegionId> requiredRegions = List.of();
        private Durability durability = Durability.LOCAL;
        private WriteMode writes = WriteMode.SINGLE;
        private int slots = 1;
        private List<ReplicaId> pinnedShards = List.of();
        private Duration hold = Duration.ofHours(24);
        private List<ReplicaId> withoutReplicas = List.of();
        private boolean encrypted;

        private Builder(TenantId id) {
            this.id = id;
        }

        /** Sets the name for people. */
        public Builder label(String text) {
            label = text;
            return this;
        }

        /** Sets the rate. */
        public Builder maxSignalsPerSecond(double rate) {
            maxSignalsPerSecond = OptionalDouble.of(rate);
            return this;
        }

        /** Sets the most that the bucket holds. */
        public Builder burst(double signals) {
            burst = OptionalDouble.of(signals);
            return this;
        }

        /** Sets the rate that is kept under overload. */
        public Builder reservedSignalsPerSecond(double rate) {
            reservedSignalsPerSecond = OptionalDouble.of(rate);
            return this;
        }

        /** Sets the cap on distinct entities. */
        public Builder maxEntities(long entities) {
            maxEntities = OptionalLong.of(entities);
            return this;
        }

        /** Sets the cap on bytes of log and snapshots. */
        public Builder maxStorageBytes(long bytes) {
            maxStorageBytes = OptionalLong.of(bytes);
            return this;
        }

        /** Restricts the tenant to these regions. */
        public Builder requiredRegions(RegionId... regions) {
            requiredRegions = List.of(regions);
            return this;
        }

        /** Sets when a write is acknowledged. */
        public Builder durability(Durability level) {
            durability = level;
            return this;
        }

        /** Sets which replicas accept writes. */
        public Builder writes(WriteMode mode) {
            writes = mode;
            return this;
        }

        /** Sets the number of shards to be spread over. */
        public Builder slots(int count) {
            slots = count;
            return this;
        }

        /** Pins the tenant to these shards, one slot for each. */
        public Builder pinnedShards(ReplicaId... shards) {
            pinnedShards = List.of(shards);
            slots = Math.max(1, shards.length);
            return this;
        }

        /** Leaves these replicas of its shards out. */
        public Builder withoutReplicas(ReplicaId... replicas) {
            withoutReplicas = List.of(replicas);
            return this;
        }

        /** Seals what is written with keys of the tenant's own. */
        public Builder encrypted(boolean on) {
            encrypted = on;
            return this;
        }

        /** Sets how long a migration keeps the way back open. */
        public Builder hold(Duration duration) {
            hold = duration;
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if a value is out of range
         */
        public TenantConfig build() {
            return new TenantConfig(
                    id,
                    label,
                    maxSignalsPerSecond,
                    burst,
                    reservedSignalsPerSecond,
                    maxEntities,
                    maxStorageBytes,
                    requiredRegions,
                    durability,
                    writes,
                    slots,
                    pinnedShards,
                    hold,
                    withoutReplicas,
                    encrypted);
        }
    }
}
