package io.tidaldb.core.control;

import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.testkit.ControlLogContract;

class LocalControlLogContractTest extends ControlLogContract {

    @Override
    protected ControlLogFactory factory() {
        return new LocalControlLogFactory();
    }
}
