package io.tidaldb.it;

import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.testkit.PlacementPolicyContract;

class PlacementByTurnsContractTest extends PlacementPolicyContract {

    @Override
    protected PlacementPolicyFactory factory() {
        return new PlacementByTurns();
    }
}
