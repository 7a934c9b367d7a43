/** The HTTP interface: one table of routes, from which the server, the authorisation and the OpenAPI document are made. */
@NullMarked
package io.tidaldb.server.http;

import org.jspecify.annotations.NullMarked;
