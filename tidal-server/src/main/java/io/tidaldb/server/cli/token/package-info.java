/** The commands of {@code tidal token}: API tokens. */
@NullMarked
package io.tidaldb.server.cli.token;

import org.jspecify.annotations.NullMarked;
