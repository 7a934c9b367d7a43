/** The commands of {@code tidal wal}: reading the logs in a data directory without opening it. */
@NullMarked
package io.tidaldb.server.cli.wal;

import org.jspecify.annotations.NullMarked;
