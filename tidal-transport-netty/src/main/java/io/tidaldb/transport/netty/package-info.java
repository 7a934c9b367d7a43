/** The transport "netty": between nodes over TCP, by their own framing, with mutual TLS where it is configured. */
@NullMarked
package io.tidaldb.transport.netty;

import org.jspecify.annotations.NullMarked;
