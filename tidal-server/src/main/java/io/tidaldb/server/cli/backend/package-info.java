/** What commands work on, a data directory or a server, and the options that say which. */
@NullMarked
package io.tidaldb.server.cli.backend;

import org.jspecify.annotations.NullMarked;
