/** The commands of {@code tidal entity}: erasing entities. */
@NullMarked
package io.tidaldb.server.cli.entity;

import org.jspecify.annotations.NullMarked;
