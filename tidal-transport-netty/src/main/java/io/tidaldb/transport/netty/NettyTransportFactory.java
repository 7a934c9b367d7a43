package io.tidaldb.transport.netty;

import io.tidaldb.api.Spi;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportFactory;

/** Makes transports over TCP. */
public final class NettyTransportFactory implements TransportFactory {

    private final Limits limits;
    private final Sockets sockets;

    /** For the service loader. */
    public NettyTransportFactory() {
        this(Limits.DEFAULT, Sockets.best());
    }

    NettyTransportFactory(Limits limits, Sockets sockets) {
        this.limits = limits;
        this.sockets = sockets;
    }

    @Override
    public String name() {
        return "netty";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    /**
     * Returns a transport. It listens at {@code HOST:PORT} or {@code [IPV6]:PORT}, port 0 for any that is free; at 127.0.0.1 and any port
     * if nothing is said.
     *
     * @throws io.tidaldb.api.TidalException INVALID_CONFIGURATION if an address has another form, or the files for TLS can't be used
     */
    @Override
    public Transport create(TransportContext context) {
        return new NettyTransport(context, limits, sockets);
    }
}
