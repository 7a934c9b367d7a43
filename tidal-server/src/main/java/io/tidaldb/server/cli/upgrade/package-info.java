/** The commands of {@code tidal upgrade}: rolling upgrades of nodes and formats. */
@NullMarked
package io.tidaldb.server.cli.upgrade;

import org.jspecify.annotations.NullMarked;
