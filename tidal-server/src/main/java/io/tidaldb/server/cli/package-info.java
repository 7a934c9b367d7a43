/** The commands, and what they share: options, output, errors and exit codes. */
@NullMarked
package io.tidaldb.server.cli;

import org.jspecify.annotations.NullMarked;
