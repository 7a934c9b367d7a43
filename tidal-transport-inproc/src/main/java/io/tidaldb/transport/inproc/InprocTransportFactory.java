package io.tidaldb.transport.inproc;

import io.tidaldb.api.Spi;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;

/** Makes transports that reach each other: those made by the same factory. */
public final class InprocTransportFactory implements TransportFactory {

    private final InprocNetwork network;

    /** For the service loader. */
    public InprocTransportFactory() {
        this(new InprocNetwork());
    }

    /** Creates a factory whose transports meet on a network. */
    public InprocTransportFactory(InprocNetwork network) {
        this.network = network;
    }

    @Override
    public String name() {
        return "inproc";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public Transport create(TransportContext context) {
        return new InprocTransport(network, context);
    }
}
