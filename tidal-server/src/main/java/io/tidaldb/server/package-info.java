/** The tidal command line. */
@NullMarked
package io.tidaldb.server;

import org.jspecify.annotations.NullMarked;
