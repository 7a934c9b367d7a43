package io.tidaldb.api.transport;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.PluginFactory;

/** Makes transports. A draft, like {@link Transport}. */
public interface TransportFactory extends PluginFactory {

    /** Returns a transport for a node; nothing listens or connects before {@link Transport#start}. */
    Transport create(NodeId local);
}
