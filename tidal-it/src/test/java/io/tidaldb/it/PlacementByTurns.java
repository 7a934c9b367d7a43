package io.tidaldb.it;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Spi;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import java.util.List;
import java.util.stream.IntStream;

/** The placement policy "by-turns", another than the built-in one: tenants begin at one shard after the other, in order of their number. */
public final class PlacementByTurns implements PlacementPolicyFactory {

    static final String NAME = "by-turns";

    /** For the service loader. */
    public PlacementByTurns() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public PlacementPolicy create() {
        return request -> {
            List<ReplicaId> shards = request.eligible();
            int first = (int) Long.remainderUnsigned(request.tenant().value(), shards.size());
            return IntStream.range(first, first + request.slots())
                    .mapToObj(i -> shards.get(i % shards.size()))
                    .toList();
        };
    }
}
