/** The commands of {@code tidal query}: reading scores, counts and rankings. */
@NullMarked
package io.tidaldb.server.cli.query;

import org.jspecify.annotations.NullMarked;
