/** The commands of {@code tidal tenant}: tenants, their limits, keys, use, backups and erasure. */
@NullMarked
package io.tidaldb.server.cli.tenant;

import org.jspecify.annotations.NullMarked;
