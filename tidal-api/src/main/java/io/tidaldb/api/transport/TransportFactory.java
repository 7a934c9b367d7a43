package io.tidaldb.api.transport;

import io.tidaldb.api.PluginFactory;

/** Makes transports. */
public interface TransportFactory extends PluginFactory {

    /** Returns a transport for a node; nothing listens or connects before {@link Transport#start}. */
    Transport create(TransportContext context);
}
