package io.tidaldb.core.ingest;

import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.codec.SignalRecords;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Holds a tenant to its caps on entities and storage, over all its slots: a write reserves what it will add before it is committed, all of
 * its parts or none, and each part gives its reservation back when it is folded or refused.
 *
 * <p>Guarded by its own lock, taken only for tenants that have a cap. Ledgers are asked under it, never the other way round.
 */
public final class Caps {

    private final TenantState tenant;

    /** Entities that no ledger holds yet, with the number of parts on their way that name them. Looked up, never iterated. */
    private final Map<Long, Integer> inFlight = new HashMap<>();

    /** Invariant, while there is a cap on entities: the distinct entities in ledgers and in {@link #inFlight} together. */
    private long entities;

    private long bytesInFlight;

    Caps(TenantState tenant) {
        this.tenant = tenant;
    }

    /** Returns whether writes have to reserve. */
    public boolean apply() {
        TenantConfig config = tenant.config();
        return config.maxEntities().isPresent() || config.maxStorageBytes().isPresent();
    }

    /** Reserves what a write may add, for all of its parts; otherwise changes nothing and returns why. */
    public synchronized @Nullable QuotaExceededException reserve(List<WriteRequest> parts) {
        TenantConfig config = tenant.config();
        long bytes = parts.stream().mapToLong(WriteRequest::logBytes).sum();
        QuotaExceededException refusal = storage(config, bytes);
        if (refusal != null) {
            return refusal;
        }
        if (config.maxEntities().isPresent()) {
            refusal = entities(config, parts);
        }
        if (refusal == null) {
            bytesInFlight += bytes;
            parts.forEach(part -> part.reserved = true);
        }
        return refusal;
    }

    private @Nullable QuotaExceededException storage(TenantConfig config, long requested) {
        OptionalLong limit = config.maxStorageBytes();
        long used = limit.isEmpty() ? 0 : tenant.storageBytes() + bytesInFlight;
        if (limit.isEmpty() || used + requested <= limit.getAsLong()) {
            return null;
        }
        long most = limit.getAsLong();
        return new QuotaExceededException(
                config.id(),
                QuotaExceededException.Quota.STORAGE_BYTES,
                requested > most ? QuotaExceededException.Cause.NEVER : QuotaExceededException.Cause.STORAGE,
                most,
                most,
                requested,
                used,
                null);
    }

    private @Nullable QuotaExceededException entities(TenantConfig config, List<WriteRequest> parts) {
        // What was written before the cap was set, or beside it, counts as well.
        entities = Math.max(entities, tenant.entities());
        long limit = config.maxEntities().orElseThrow();
        long added = 0;
        for (WriteRequest part : parts) {
            part.reservedEntities = unknown(part);
            for (long entity : part.reservedEntities) {
                added += inFlight.containsKey(entity) ? 0 : 1;
            }
        }
        // A cap that was lowered below what is there refuses growth, and nothing else.
        if (added > 0 && entities + added > limit) {
            return new QuotaExceededException(
                    config.id(),
                    QuotaExceededException.Quota.ENTITIES,
                    added > limit ? QuotaExceededException.Cause.NEVER : QuotaExceededException.Cause.ENTITIES,
                    limit,
                    limit,
                    added,
                    entities,
                    null);
        }
        entities += added;
        for (WriteRequest part : parts) {
            for (long entity : part.reservedEntities) {
                inFlight.merge(entity, 1, Integer::sum);
            }
        }
        return null;
    }

    // An entity belongs to one slot, so the parts of a write have none in common.
    private static long[] unknown(WriteRequest part) {
        Set<Long> seen = new HashSet<>();
        if (part.record != null) {
            return Arrays.stream(part.record.entities())
                    .filter(entity -> !part.shard.knows(entity))
                    .toArray();
        }
        long[] found = new long[part.count];
        int count = 0;
        for (int at = 0; at < part.records.limit(); at += SignalRecords.BYTES) {
            long entity = SignalRecords.entity(part.records, at);
            if (!part.shard.knows(entity) && seen.add(entity)) {
                found[count++] = entity;
            }
        }
        return Arrays.copyOf(found, count);
    }

    /** Gives back what a part has reserved: its entities are in a ledger now, or it was refused. */
    synchronized void release(WriteRequest part) {
        part.reserved = false;
        bytesInFlight -= part.logBytes();
        for (long entity : part.reservedEntities) {
            int others = inFlight.merge(entity, -1, Integer::sum);
            if (others == 0) {
                inFlight.remove(entity);
                if (!part.shard.knows(entity)) {
                    entities--;
                }
            }
        }
    }
}
