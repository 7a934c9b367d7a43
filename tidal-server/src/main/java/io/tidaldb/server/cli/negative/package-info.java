/** The commands of {@code tidal negative}: what users do not want to see. */
@NullMarked
package io.tidaldb.server.cli.negative;

import org.jspecify.annotations.NullMarked;
