package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a replica holds: of every slot's every origin, how far. A log that is not in it is not there.
 *
 * <p>Immutable.
 *
 * @param logs by shard (the holder), tenant and origin, in their order
 */
public record ReplicationState(SortedMap<LogId, LogPosition> logs) {

    private static final Origin FIRST_ORIGIN = new Origin(RegionId.of(0), ShardId.of(0), 0);

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if a position is another origin's than its log */
    public ReplicationState {
        logs = Collections.unmodifiableSortedMap(new TreeMap<>(logs));
        logs.forEach((log, position) -> {
            if (!log.origin().equals(position.origin())) {
                throw TidalException.invalid("position of " + position.origin() + " at " + log);
            }
        });
    }

    /** Returns the state of one slot. */
    public static ReplicationState of(TenantId tenant, ShardId shard, List<LogPosition> positions) {
        Builder builder = builder();
        positions.forEach(position -> builder.put(tenant, shard, position));
        return builder.build();
    }

    /** Returns an empty builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns the position of a log, or null if it is not there. */
    public @Nullable LogPosition position(LogId log) {
        return logs.get(log);
    }

    /** Returns the positions of a slot's origins, in their order. */
    public List<LogPosition> positions(TenantId tenant, ShardId shard) {
        return logs.tailMap(new LogId(shard, tenant, FIRST_ORIGIN)).entrySet().stream()
                .takeWhile(entry -> entry.getKey().holder().equals(shard)
                        && entry.getKey().tenant().equals(tenant))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** Collects positions. Not thread-safe. */
    public static final class Builder {

        private final TreeMap<LogId, LogPosition> logs = new TreeMap<>();

        private Builder() {}

        /** Adds the position of an origin of a slot; a later one replaces it. */
        public Builder put(TenantId tenant, ShardId shard, LogPosition position) {
            return put(new LogId(shard, tenant, position.origin()), position);
        }

        /** Adds the position of a log; a later one replaces it. */
        public Builder put(LogId log, LogPosition position) {
            logs.put(log, position);
            return this;
        }

        /** Returns what was collected. */
        public ReplicationState build() {
            return new ReplicationState(logs);
        }
    }
}
