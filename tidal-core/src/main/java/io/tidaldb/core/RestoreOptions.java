package io.tidaldb.core;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.backup.RestorePoint;
import java.util.List;
import java.util.Optional;

/**
 * What a backup is restored as.
 *
 * @param as the tenant's id; as it was if empty
 * @param regions the regions that it may be in; as they were if empty
 * @param durability when its writes are acknowledged from then on; as it was if empty
 * @param at up to where its logs count
 */
public record RestoreOptions(
        Optional<TenantId> as, Optional<List<RegionId>> regions, Optional<Durability> durability, RestorePoint at) {

    /** As it was, all of it. */
    public static final RestoreOptions DEFAULT =
            new RestoreOptions(Optional.empty(), Optional.empty(), Optional.empty(), RestorePoint.NEWEST);

    /** Returns this as another tenant. */
    public RestoreOptions as(TenantId id) {
        return new RestoreOptions(Optional.of(id), regions, durability, at);
    }

    /** Returns this in other regions. */
    public RestoreOptions in(List<RegionId> others) {
        return new RestoreOptions(as, Optional.of(List.copyOf(others)), durability, at);
    }

    /** Returns this with writes that are acknowledged at another level: where fewer replicas can be had than before. */
    public RestoreOptions with(Durability level) {
        return new RestoreOptions(as, regions, Optional.of(level), at);
    }

    /** Returns this up to another point. */
    public RestoreOptions at(RestorePoint point) {
        return new RestoreOptions(as, regions, durability, point);
    }
}
