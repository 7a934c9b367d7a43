/** The command {@code tidal doctor}: whether this machine and a configuration are good for a node. */
@NullMarked
package io.tidaldb.server.cli.doctor;

import org.jspecify.annotations.NullMarked;
