/** The commands of {@code tidal audit}: reading and checking the audit log. */
@NullMarked
package io.tidaldb.server.cli.audit;

import org.jspecify.annotations.NullMarked;
