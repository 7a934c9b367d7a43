package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.WalSegmentId;

/**
 * A user does not want to see an entity.
 *
 * @param record what says so; a withdrawal names it
 */
public record HardNegative(NegativeKind kind, EntityId user, EntityId entity, WalSegmentId record) {}
