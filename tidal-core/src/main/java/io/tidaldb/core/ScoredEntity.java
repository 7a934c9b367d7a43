package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import org.jspecify.annotations.Nullable;

/**
 * An entity in a ranking.
 *
 * @param name the name it was recorded under, or null if it goes by number
 */
public record ScoredEntity(EntityId entity, @Nullable String name, double score) {}
