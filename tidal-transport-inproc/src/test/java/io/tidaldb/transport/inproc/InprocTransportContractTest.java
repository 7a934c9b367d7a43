package io.tidaldb.transport.inproc;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.testkit.TransportContract;

class InprocTransportContractTest extends TransportContract {

    private final InprocTransportFactory factory = new InprocTransportFactory();

    @Override
    protected TransportFactory factory() {
        return factory;
    }

    @Override
    protected String listen(NodeId node) {
        return "";
    }

    @Override
    protected String nobody() {
        return "nowhere";
    }
}
