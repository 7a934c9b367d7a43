/** A cluster of node processes on this machine: their directory, how they are started and stopped. */
@NullMarked
package io.tidaldb.server.cluster;

import org.jspecify.annotations.NullMarked;
