/** The commands of {@code tidal debug}: faults on purpose. */
@NullMarked
package io.tidaldb.server.cli.debug;

import org.jspecify.annotations.NullMarked;
