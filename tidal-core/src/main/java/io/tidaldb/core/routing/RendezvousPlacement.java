package io.tidaldb.core.routing;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.placement.PlacementRequest;
import java.util.Comparator;
import java.util.List;

/**
 * Highest random weight: every shard has a weight for every tenant, and the heaviest are taken, the heaviest for slot 0. A shard that is
 * added takes tenants from all others alike; one that goes away leaves all other choices as they are.
 *
 * <p>The weight is XXH3-64, seed 0, over 16 little-endian bytes: the tenant, then region and shard as one number. Fixed for ever, though
 * a placement, once made, is stored and not computed again.
 */
final class RendezvousPlacement implements PlacementPolicy {

    private static final Hasher64 HASH = Hashing.xxh3_64();

    @Override
    public List<ReplicaId> place(PlacementRequest request) {
        if (request.slots() < 1 || request.slots() > request.eligible().size()) {
            throw TidalException.invalid("number of slots " + request.slots() + " of tenant " + request.tenant()
                    + " is out of range: expected 1 to the number of eligible shards, "
                    + request.eligible().size());
        }
        return request.eligible().stream()
                .map(shard -> new Weighed(shard, weight(request.tenant(), shard)))
                .sorted(Weighed.HEAVIEST_FIRST)
                .limit(request.slots())
                .map(Weighed::shard)
                .toList();
    }

    private static long weight(TenantId tenant, ReplicaId shard) {
        return HASH.hashLongLongToLong(
                tenant.value(),
                (long) shard.region().value() << 16 | shard.shard().value());
    }

    private record Weighed(ReplicaId shard, long weight) {

        private static final Comparator<Weighed> HEAVIEST_FIRST = Comparator.comparing(
                        Weighed::weight, (a, b) -> Long.compareUnsigned(b, a))
                .thenComparing(Weighed::shard);
    }
}
