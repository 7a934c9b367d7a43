package io.tidaldb.core.routing;

import io.tidaldb.api.Spi;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.placement.PlacementPolicyFactory;

/** Makes the policy "rendezvous": the shards with the highest hash of tenant and shard. */
public final class RendezvousPlacementFactory implements PlacementPolicyFactory {

    /** For the service loader. */
    public RendezvousPlacementFactory() {}

    @Override
    public String name() {
        return "rendezvous";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public PlacementPolicy create() {
        return new RendezvousPlacement();
    }
}
