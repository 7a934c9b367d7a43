/** The commands of {@code tidal plugins}: what can be plugged in. */
@NullMarked
package io.tidaldb.server.cli.plugins;

import org.jspecify.annotations.NullMarked;
