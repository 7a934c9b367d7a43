/** The commands of {@code tidal signal}: declaring, recording, importing, exporting and checking signals. */
@NullMarked
package io.tidaldb.server.cli.signal;

import org.jspecify.annotations.NullMarked;
