/** The commands of {@code tidal migrate}: moving tenants. */
@NullMarked
package io.tidaldb.server.cli.migrate;

import org.jspecify.annotations.NullMarked;
