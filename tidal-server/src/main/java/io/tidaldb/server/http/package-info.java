/** The HTTP server: what listens, how much it takes at a time, and how every request comes in. */
@NullMarked
package io.tidaldb.server.http;

import org.jspecify.annotations.NullMarked;
