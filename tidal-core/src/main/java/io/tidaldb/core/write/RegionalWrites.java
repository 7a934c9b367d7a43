package io.tidaldb.core.write;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.RateQuota;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.TenantState;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.routing.ShardRouter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The regions of a tenant whose every replica takes writes: each has limits of its own, which hold whether the others can be reached or not,
 * and takes writes for all slots that have a replica there. Empty for a tenant that is led.
 *
 * <p>Safe for any number of threads.
 */
public final class RegionalWrites {

    private final Instance tidal;
    private final ShardRouter router;
    private final TenantRecord record;
    private final SortedMap<RegionId, Share> shares = new ConcurrentSkipListMap<>();
    private volatile KeyRing keys = KeyRing.NONE;

    /** What is a region's own. */
    public record Share(TenantState state, WriteAdmission admission) {

        /** Returns whether every slot has a replica in the region, in this process. */
        public boolean isWhole() {
            return state.slots().size() > 0 && state.slots().size() == admission.slots();
        }
    }

    /** Creates what admits writes of a tenant in each region. */
    public RegionalWrites(Instance tidal, TenantRecord record, ShardRouter router) {
        this.tidal = tidal;
        this.record = record;
        this.router = router;
    }

    /** Returns whether each region takes writes of the tenant by itself. */
    public boolean areMeant() {
        return record.config().writes() == WriteMode.EVERYWHERE;
    }

    /** Returns what a region has, or null if nothing of the tenant is there. */
    public @Nullable Share of(RegionId region) {
        return shares.get(region);
    }

    /** Returns what a region has, created if need be. */
    public Share at(RegionId region) {
        return shares.computeIfAbsent(region, each -> {
            TenantConfig config = record.config();
            TenantState state = new TenantState(config, tidal.rates(config), record.digestSeed(), tidal.queue());
            state.keys(keys);
            return new Share(state, new WriteAdmission(tidal, state, router));
        });
    }

    /** Returns the share of a region in which all of the tenant can be written. */
    public Share in(RegionId region) {
        Share share = shares.get(region);
        if (share == null || !share.isWhole()) {
            throw TidalException.invalid("tenant " + record.config().id() + " has not all of its shards in region "
                    + region + " of this process: expected one of "
                    + shares.entrySet().stream()
                            .filter(each -> each.getValue().isWhole())
                            .map(Map.Entry::getKey)
                            .toList());
        }
        return share;
    }

    /** Goes by this configuration from now on. */
    public void configure(TenantConfig config) {
        shares.values().forEach(share -> {
            RateQuota before = share.state.rates();
            share.state.configure(config, before.serves(config) ? before : tidal.rates(config));
        });
    }

    /** Seals and opens with these keys from now on. */
    public void keys(KeyRing next) {
        keys = next;
        shares.values().forEach(share -> share.state.keys(next));
    }

    /** Refuses what is queued: the tenant is deleted. */
    public void delete() {
        shares.values().forEach(share -> share.state.delete());
    }

    /** Serves with these replicas from now on. */
    public void assemble(List<ReplicaId> placement, Map<ReplicaId, TenantShard> replicas) {
        shares.forEach((region, share) -> {
            @Nullable TenantShard[] slots = new TenantShard[placement.size()];
            for (int slot = 0; slot < slots.length; slot++) {
                slots[slot] =
                        replicas.get(new ReplicaId(region, placement.get(slot).shard()));
            }
            share.state.assemble(
                    slots, Arrays.stream(slots).filter(Objects::nonNull).toList());
        });
    }

    /** Returns a moving average of acknowledged signals a second, over all regions here. */
    public double rate(long nowNanos) {
        return shares.values().stream()
                .mapToDouble(share -> share.state.rate(nowNanos))
                .sum();
    }

    /** Returns signals that the rate limit refused in any region here. */
    public long throttled() {
        return shares.values().stream()
                .mapToLong(share -> share.state.throttled())
                .sum();
    }
}
