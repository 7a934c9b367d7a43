package io.tidaldb.transport.netty;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.testkit.TransportContract;

class NettyTransportContractTest extends TransportContract {

    private final NettyTransportFactory factory = new NettyTransportFactory();

    @Override
    protected TransportFactory factory() {
        return factory;
    }

    @Override
    protected String listen(NodeId node) {
        return "127.0.0.1:0";
    }

    @Override
    protected String nobody() {
        return "127.0.0.1:1";
    }
}
