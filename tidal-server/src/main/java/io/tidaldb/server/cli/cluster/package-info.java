/** The commands of {@code tidal cluster}: nodes on this machine, and the state and members of a cluster. */
@NullMarked
package io.tidaldb.server.cli.cluster;

import org.jspecify.annotations.NullMarked;
