package io.tidaldb.api.placement;

import io.tidaldb.api.PluginFactory;

/** Makes placement policies, one for each node. */
public interface PlacementPolicyFactory extends PluginFactory {

    /** Returns a policy. */
    PlacementPolicy create();
}
