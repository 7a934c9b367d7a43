package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.WalSegmentId;
import org.jspecify.annotations.Nullable;

/**
 * A signal as it stands in a tenant's log.
 *
 * @param type name of the signal type
 * @param name the entity's name, or null if it goes by number
 * @param hlc the hybrid logical clock of its batch
 */
public record RecordedSignal(
        WalSegmentId position,
        long hlc,
        String type,
        EntityId entity,
        @Nullable String name,
        float weight,
        long eventNanos) {}
