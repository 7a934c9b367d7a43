/** The client of a node's HTTP interface that the command line uses. */
@NullMarked
package io.tidaldb.server.client;

import org.jspecify.annotations.NullMarked;
